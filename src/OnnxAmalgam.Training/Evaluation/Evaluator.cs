using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Metadata;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Ensemble;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Evaluation;

/// <summary>What an evaluation found.</summary>
/// <param name="Rows">The rows of evaluation.csv.</param>
/// <param name="Predictions">What the student said of each image; null: no image has a label.</param>
public sealed record StudentEvaluation(IReadOnlyList<EvaluationRow> Rows, PredictionTable? Predictions);

/// <summary>Runs a deployed student and its teachers over images: every figure comes from ONNX Runtime on the files as they are.</summary>
public static class Evaluator
{
    const int BatchSize = 128;

    /// <summary>Evaluates a student file beside each teacher and the concatenated teachers.</summary>
    /// <param name="setup">Teachers, union, images.</param>
    /// <param name="student">The student's .onnx file; its labels and preprocessing come from its metadata.</param>
    /// <returns>Only agreement where images have no labels.</returns>
    /// <exception cref="InputException">The file has no labels, or others than the union.</exception>
    public static StudentEvaluation Evaluate(AmalgamationSetup setup, string student)
    {
        ImageSet images = setup.Test ?? setup.Validate ?? setup.Train;
        Device device = TorchMemory.Device(setup.Compute.Device);
        if (ModelMetadata.Labels(OnnxModel.Load(student)) is null)
        {
            throw new InputException($"'{student}': expected a student that names its classes, as train and export write it, got a model without class names");
        }

        using var deployed = Teacher.Open(new Recipes.TeacherRecipe { Name = "student", Model = student }, withTaps: false, setup.Compute.Session);
        if (!deployed.Labels.SequenceEqual(setup.Union.Labels, StringComparer.Ordinal))
        {
            throw new InputException($"'{student}': expected the recipe's {setup.Union.Count} labels, got {deployed.Labels.Count}{Difference(setup.Union.Labels, deployed.Labels)}; evaluate it with the recipe it was trained with");
        }

        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var targets = new ImageTargets(setup, images, domains: false);
        using var meter = new EvaluationMeter(setup.Union, device, setup.Recipe.Amalgamation.IsMultiLabel);
        using var classes = new ClassScores(setup.Union, device);
        var predicted = new List<string>();
        foreach (ImageBatch batch in BatchLoader.InOrder(images, images.BatchOf(BatchSize)))
        {
            using var inner = NewDisposeScope();
            var (canvas, indices) = BatchTensors.Of(batch, images, device);
            string NameOf(int i) => images.NameOf(batch.Indices[i]);
            Tensor logits = deployed.Run(canvas, NameOf).Logits!;
            meter.Add(logits, setup.Panel.Scores(canvas, NameOf), targets.Labelled > 0 ? targets.Classes(indices) : null);
            if (targets.Labelled > 0)
                predicted.AddRange(classes.OfStudent(logits).argmax(1).cpu().data<long>().ToArray().Select(c => setup.Union.Classes[(int)c]));
        }

        return new(meter.Rows(), targets.Labelled > 0 ? new PredictionTable(images, [.. predicted]) : null);
    }

    /// <summary>The first label that differs; nothing where one list begins with the other.</summary>
    static string Difference(IReadOnlyList<string> expected, IReadOnlyList<string> got)
    {
        int? at = Enumerable.Range(0, Math.Min(expected.Count, got.Count)).Where(i => expected[i] != got[i]).Cast<int?>().FirstOrDefault();
        return at is { } i ? $", of which number {i + 1} is '{got[i]}', not '{expected[i]}'" : "";
    }
}
