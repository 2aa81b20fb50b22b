using OnnxAmalgam.Graphs;
using OnnxAmalgam.Trainable;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Evaluation;
using OnnxAmalgam.Training.Losses;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training;

/// <summary>An epoch's figures on the validation part.</summary>
/// <param name="Selection">What selects the best epoch: accuracy where labels are known, else minus the loss; higher is better.</param>
/// <param name="Columns">For results.csv.</param>
sealed record ValidationResult(double Selection, IReadOnlyList<(string Column, double? Value)> Columns);

/// <summary>Measures the student on the validation part after each epoch. The loss is the weighted sum of the terms on
/// scores; the teachers' scores are computed once and kept. Owns them.</summary>
sealed class Validator : IDisposable
{
    const int BatchSize = 256;
    readonly AmalgamationSetup setup;
    readonly ImageSet images;
    readonly ImageTargets targets;
    readonly UnionTarget target;
    readonly Preprocess preprocess;
    readonly Device device;
    readonly LossTerm[] terms;
    readonly bool labelled;
    readonly List<Tensor?[]> teacherLogits = [];

    /// <summary>The validation of a run on its validation images, or on some of them; null where nothing can be measured on them and nothing need be, as the last epoch
    /// is taken whatever it is like.</summary>
    /// <exception cref="InputException">Nothing can be measured on them, and the best epoch is to be selected.</exception>
    public static Validator? For(AmalgamationSetup setup, ImageSet images)
    {
        if (CanMeasure(setup))
        {
            return new Validator(setup, images);
        }

        RequireSelection(setup);
        return null;
    }

    /// <summary>Refuses a recipe whose best epoch could not be told. Looks at the images' labels alone: no teacher runs.</summary>
    /// <exception cref="InputException">Nothing can be measured on the validation images, and the best epoch is to be selected.</exception>
    public static void RequireSelection(AmalgamationSetup setup)
    {
        if (setup.Recipe.Train.SelectBest && setup.Validate is not null && !CanMeasure(setup))
        {
            throw new InputException("data.validate: expected images with labels, or a loss on scores that can be computed on them, got neither; name labelled sources under data.validate, or set train.select: last");
        }
    }

    Validator(AmalgamationSetup setup, ImageSet images)
    {
        (this.setup, this.images) = (setup, images);
        device = TorchMemory.Device(setup.Compute.Device);
        targets = new ImageTargets(setup, images, domains: setup.Recipe.Data.Validate is null);
        target = new UnionTarget(setup.Recipe.Amalgamation.Labels, setup.Union, device);
        preprocess = new Preprocess(setup.Student.Input);
        labelled = targets.Labelled == images.Count;
        terms = Terms(setup.Recipe);
    }

    /// <summary>Evaluates the student as it is; its mode afterwards is evaluation.</summary>
    public ValidationResult Run(TrainableGraph student)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        student.eval();
        using var meter = labelled ? new StudentMeter(setup.Union, device) : null;
        double loss = 0;
        int number = 0;
        foreach (ImageBatch batch in BatchLoader.InOrder(images, images.BatchOf(BatchSize)))
        {
            using var inner = NewDisposeScope();
            var (canvas, indices) = BatchTensors.Of(batch, images, device);
            var inputs = new Dictionary<string, Tensor> { [student.InputNames[0]] = preprocess.Apply(canvas) };
            Tensor logits = student.Run(inputs, [setup.Student.Logits])[0].to(ScalarType.Float32);
            meter?.Add(logits, targets.Classes(indices));
            if (terms.Length > 0)
            {
                loss += Loss(logits, canvas, indices, batch, number++) * batch.Count;
            }
        }

        return Result(meter, terms.Length > 0 ? loss / images.Count : null);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        targets.Dispose();
        target.Dispose();
        foreach (Tensor? logits in teacherLogits.SelectMany(l => l))
        {
            logits?.Dispose();
        }
    }

    /// <summary>Whether the teachers' scores of the validation images are asked for.</summary>
    public static bool ReadsTeachers(Recipe recipe) => Terms(recipe).Length > 0;

    static bool CanMeasure(AmalgamationSetup setup) => setup.Validate is { } images
        && (Terms(setup.Recipe).Length > 0 || Enumerable.Range(0, images.Count).All(i => images.LabelOf(i) is { } label && setup.Union.ClassIndex(label) >= 0));

    /// <summary>The terms on scores; none where it matters whose an image is and the images are not of the sources that it is known for.</summary>
    static LossTerm[] Terms(Recipe recipe)
    {
        bool depends = recipe.Amalgamation.Labels == LabelMode.Gated || (recipe.Amalgamation.Labels == LabelMode.Restricted && recipe.Data.Unlabelled.All(s => s.Domain is not null));
        return depends && recipe.Data.Validate is not null ? [] : [.. recipe.Amalgamation.Losses.Where(t => t.Reads == TermInput.Scores)];
    }

    double Loss(Tensor logits, Tensor canvas, Tensor indices, ImageBatch batch, int number)
    {
        if (teacherLogits.Count == number)
        {
            teacherLogits.Add([.. setup.Panel.Scores(canvas, i => images.NameOf(batch.Indices[i])).Select(z => z?.DetachFromDisposeScope())]);
        }

        var inputs = new LossInputs { StudentLogits = logits, TeacherLogits = teacherLogits[number], DomainWeights = targets.Weights(indices) };
        return terms.Sum(term => term.Weight * target.Loss(term, inputs, logits).to(ScalarType.Float64).item<double>());
    }

    static ValidationResult Result(StudentMeter? meter, double? loss)
    {
        var rows = meter?.Rows() ?? [];
        double? Value(string task, string metric) => rows.FirstOrDefault(r => r.Task == task && r.Metric == metric)?.Value;
        List<(string, double?)> columns = [("val/loss", loss)];
        if (meter is not null)
        {
            columns.Add(("metrics/accuracy_top1", Value("union", "accuracy_top1")));
            columns.Add(("metrics/accuracy_top5", Value("union", "accuracy_top5")));
            columns.AddRange(meter.Tasks.Select(task => ($"metrics/accuracy_top1[{task}]", Value(task, "accuracy_top1"))));
        }

        return new ValidationResult(Value("union", "accuracy_top1") ?? -loss!.Value, columns);
    }
}
