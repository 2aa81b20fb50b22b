using System.Globalization;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Edits;
using OnnxAmalgam.Trainable;
using OnnxAmalgam.Training.CommonSpace;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Losses;
using OnnxAmalgam.Training.Optimisation;
using OnnxAmalgam.Training.Recipes;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Search;

/// <summary>The alternation of the search: on one half of the images student and maps learn as in training (rates, decay, what is frozen, clipping,
/// measured normalisation, views), on the other the weights do (first order, as DARTS).
/// Owns student, bridge and optimiser state.</summary>
internal sealed class SearchStep : IDisposable
{
    /// <summary>Decay of the weights' logits (Liu et al., ICLR 2019, arXiv 1806.09055): towards equal weights.</summary>
    const double LogitDecay = 1e-3;
    readonly AmalgamationSetup setup;
    readonly IReadOnlyList<TapGroup> groups;
    readonly SearchOptions options;
    readonly Device device;
    readonly Preprocess preprocess;
    readonly UnionTarget target;
    readonly BridgeLoss bridge;
    readonly Optimizer learner;
    readonly Optimizer searcher;
    readonly LossTerm term;
    readonly string[] values;
    readonly string given;
    readonly Tap tap;

    /// <summary>Builds student, bridge and optimisers.</summary>
    /// <exception cref="InputException">The student's tap is no image of features.</exception>
    public SearchStep(AmalgamationSetup setup, IReadOnlyList<TapGroup> groups, SearchOptions options)
    {
        (this.setup, this.groups, this.options, tap) = (setup, groups, options, setup.Student.Taps[^1]);
        if (tap.Kind != TapKind.Spatial)
        {
            throw new InputException($"student, tap '{tap.Value}': expected a feature with height and width, got {tap.Kind}; name another tap in the recipe");
        }

        device = TorchMemory.Device(setup.Compute.Device);
        OnnxModel branched = GraphEdits.Branch(setup.Student.Model, tap.Value, setup.Student.Logits, out given, out string branch);
        values = [setup.Student.Logits, tap.Value, branch];
        term = Target(setup.Recipe);
        preprocess = new Preprocess(setup.Student.Input);
        TorchSeed.Set(setup.Recipe.Train.Seed, setup.Compute.Device);
        Student = new TrainableGraph(branched);
        Student.to(device);
        Student.Freeze(setup.Student.Plan.Frozen);
        var source = new WeightSource(setup.Recipe.Train.Seed, device, ScalarType.Float32);
        target = new UnionTarget(setup.Recipe.Amalgamation.Labels, setup.Union, device);
        bridge = new BridgeLoss(StudentShape(), [.. groups.Select(g => (g.Shape, g.Teacher.Taps!.Count))], source);
        TrainRecipe train = setup.Recipe.Train;
        learner = Optimizer.Create(train,
        [
            .. ParameterGroups.OfStudent(Student, setup.Student.Plan),
            .. ParameterGroups.Beside("maps", bridge.Maps.Select(p => new NamedParameter(p.Name, p.Value)), train),
        ]);
        searcher = new Adam([new ParameterGroup("weights", [.. bridge.Logits.Select(p => new NamedParameter(p.Name, p.Value))], 1, LogitDecay)]);
    }

    /// <summary>The student, with its layers behind the tap a second time.</summary>
    public TrainableGraph Student { get; }

    /// <summary>What judges both the student and the way from the teachers: the recipe's soft target (a plain one where it has none), or its <c>multi_label</c>.</summary>
    public static LossTerm Target(Recipe recipe) => recipe.Amalgamation.Losses.FirstOrDefault(term => term is SoftTargetTerm or MultiLabelTerm) ?? new SoftTargetTerm(1);

    /// <summary>Searches; null when interrupted.</summary>
    /// <returns>Mean bridge loss on the half that moves the weights, epoch by epoch.</returns>
    public IReadOnlyList<double>? Run(Action<string> progress, CancellationToken stop)
    {
        TrainRecipe train = setup.Recipe.Train;
        int epochs = options.Epochs ?? train.Epochs;
        var (first, second) = Halves();
        using var learnTargets = new ImageTargets(setup, first);
        using var searchTargets = new ImageTargets(setup, second);
        using var learning = Loader(first);
        using var searching = Loader(second);
        int steps = Math.Min(learning.BatchesPerEpoch, searching.BatchesPerEpoch);
        var schedule = new RateSchedule(train with { Epochs = epochs, WarmupEpochs = Math.Min(train.WarmupEpochs, epochs / 2.0) }, steps);
        var losses = new List<double>();
        if (setup.Student.Measured.Count > 0)
        {
            StudentNormalisation.Measure(setup, Student);
        }

        Student.train();
        for (int epoch = 0; epoch < epochs; epoch++)
        {
            double sum = 0;
            for (int i = 0; i < steps; i++)
            {
                if (stop.IsCancellationRequested)
                {
                    return null;
                }

                ImageBatch own = learning.Next();
                Learn(own, first, learnTargets, schedule.At((long)epoch * steps + i));
                learning.Return(own);
                ImageBatch other = searching.Next();
                sum += Search(other, second, searchTargets);
                searching.Return(other);
            }

            losses.Add(sum / steps);
            progress(string.Create(CultureInfo.InvariantCulture, $"search: epoch {epoch + 1} of {epochs}, bridge loss {losses[^1]:0.0000}"));
        }

        return losses;
    }

    BatchLoader Loader(ImageSet images) => new(images, setup.Recipe.Train.Batch, setup.Recipe.Augment, setup.Recipe.Train.Seed, apart: setup.Recipe.Amalgamation.ViewsApart);

    /// <summary>What was found; six decimals, as it is written.</summary>
    public FrozenWeights Weights()
    {
        var (taps, teachers) = bridge.Weights();
        return new FrozenWeights(FrozenWeights.Searched, [.. groups.Select((g, i) => new TeacherWeights(
            g.Teacher.Name, Math.Round(teachers[i] * groups.Count, 6), [.. g.Teacher.Taps!.Zip(taps[i], (t, w) => new TapWeight(t.Value, Math.Round(w, 6)))]))]);
    }

    /// <summary>A step of student and maps.</summary>
    /// <returns>Loss on scores and bridge.</returns>
    public double Learn(ImageBatch batch, ImageSet images, ImageTargets targets, RatePoint rate)
    {
        using var scope = NewDisposeScope();
        var (own, path) = Evaluate(batch, images, targets);
        return Move(own + path, learner, rate);
    }

    /// <summary>A step of the weights.</summary>
    /// <returns>The bridge loss.</returns>
    public double Search(ImageBatch batch, ImageSet images, ImageTargets targets)
    {
        using var scope = NewDisposeScope();
        var (_, path) = Evaluate(batch, images, targets);
        return Move(path, searcher, new RatePoint(options.Rate));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        learner.Dispose();
        searcher.Dispose();
        bridge.Dispose();
        target.Dispose();
        Student.Dispose();
    }

    double Move(Tensor loss, Optimizer optimizer, RatePoint rate)
    {
        double value = loss.to_type(ScalarType.Float64).item<double>();
        if (!double.IsFinite(value))
        {
            throw new InputException("search: expected a finite loss, got none; lower train.learning_rate or the rate of the weights");
        }

        learner.ZeroGradients();
        searcher.ZeroGradients();
        loss.backward();
        if (optimizer == learner && setup.Recipe.Train.ClipNorm is { } bound)
        {
            GradientClip.ByGlobalNorm(learner.Groups.SelectMany(g => g.Parameters), bound);
        }

        optimizer.Step(rate);
        return value;
    }

    /// <summary>The student's loss on scores, and the bridge loss.</summary>
    (Tensor Own, Tensor Bridge) Evaluate(ImageBatch batch, ImageSet images, ImageTargets targets)
    {
        var (canvas, indices) = BatchTensors.Of(batch, images, device);
        Tensor seen = BatchTensors.StudentCanvas(batch, images, device) ?? canvas;
        TeacherOutput[] answers = Teach(batch, images, canvas);
        BridgedFeatures features = bridge.Aggregate([.. answers.SelectMany(a => a.Taps)]);
        Tensor feature = tap.ChannelAxis == 1 ? features.Given : features.Given.movedim([1], [tap.ChannelAxis]);
        Tensor[] outputs = Student.Run(new Dictionary<string, Tensor> { [Student.InputNames[0]] = preprocess.Apply(seen), [given] = feature }, values);
        var inputs = new LossInputs { StudentLogits = outputs[0], TeacherLogits = [.. answers.Select(a => a.Logits)], DomainWeights = targets.Weights(indices) };
        Tensor path = (target.Loss(term, inputs, outputs[2]) * options.TeacherToStudent) + (bridge.StudentToTeachers(outputs[1], features.Aggregated) * options.StudentToTeacher);
        return (target.Loss(term, inputs, outputs[0]), path);
    }

    TeacherOutput[] Teach(ImageBatch batch, ImageSet images, Tensor canvas)
    {
        using var guard = no_grad();
        return setup.Panel.Run(canvas, i => images.NameOf(batch.Indices[i]));
    }

    /// <summary>Two halves of the unlabelled images, drawn by the seed, each in the images' order.</summary>
    internal (ImageSet First, ImageSet Second) Halves()
    {
        if (setup.Train.Count < 2)
        {
            throw new InputException("data.unlabelled: expected at least two images to search on, got one");
        }

        int[] drawn = Randomness.Permutation(setup.Recipe.Train.Seed, "search/halves", 0, setup.Train.Count);
        int half = drawn.Length / 2;
        return (setup.Train.Select([.. drawn[..half].Order()]), setup.Train.Select([.. drawn[half..].Order()]));
    }

    TapShape StudentShape()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        Student.eval();
        var inputs = new Dictionary<string, Tensor> { [Student.InputNames[0]] = zeros(setup.Student.Input.ShapeOf(2), device: device) };
        return new TapShape($"student: {tap.Value}", tap.Kind, tap.ChannelAxis, Student.Run(inputs, [tap.Value])[0].shape);
    }
}
