using System.Globalization;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Edits;
using OnnxAmalgam.Teachers;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Evaluation;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Export;

/// <summary>How a student is brought to 8-bit integers.</summary>
public sealed record QuantisationOptions
{
    /// <summary>The largest share of decisions that may be lost: of accuracy where every judged image has a label, else of decisions that change.</summary>
    public double MaxDrop { get; init; } = 0.01;

    /// <summary>Names of convolutions and matrix products that go on computing floats.</summary>
    public IReadOnlyList<string> Keep { get; init; } = [];

    /// <summary>Told what each layer alone costs, the costliest first, before the file is written or refused; null: nobody asks.</summary>
    public Action<IReadOnlyList<LayerCost>>? ByLayer { get; init; }
}

/// <summary>What 8-bit integers in one layer alone change.</summary>
/// <param name="Layer">Name of the convolution or matrix product.</param>
/// <param name="ScoreError">Root mean square of the scores' change, as a share of that of the scores.</param>
/// <param name="Changed">Share of decisions that change.</param>
public sealed record LayerCost(string Layer, double ScoreError, double Changed)
{
    /// <summary>The rows as CSV with a header.</summary>
    public static string ToCsv(IEnumerable<LayerCost> costs)
    {
        using var text = new StringWriter();
        CsvTable.Write(text, ["layer", "score_error", "changed_decisions"], costs.Select(cost => (object?[])[cost.Layer, cost.ScoreError, cost.Changed]));
        return text.ToString();
    }
}

/// <summary>What 8-bit integers cost a student.</summary>
/// <param name="Layers">Convolutions and matrix products in integers.</param>
/// <param name="Kept">Names of the nodes that go on computing floats.</param>
/// <param name="Images">How many images the cost was measured on.</param>
/// <param name="Before">Accuracy as floats; null: not every image has a label, or the student tags.</param>
/// <param name="After">The same in integers.</param>
/// <param name="Changed">Share of decisions that change; of a tagger, of the tags given before or after, those not given both times.</param>
public sealed record QuantisationReport(int Layers, IReadOnlyList<string> Kept, int Images, double? Before, double? After, double Changed)
{
    /// <summary>What is lost: accuracy, or an upper bound of it.</summary>
    public double Drop => Before - After ?? Changed;
}

/// <summary>Brings a trained student to 8-bit integers: ranges are measured on images it was trained on, the cost on those that select its epoch.</summary>
internal sealed class QuantisedStudent(OnnxModel model, AmalgamationSetup setup)
{
    const int MeasuredImages = 512, JudgedImages = 4096, BatchSize = 64, BatchOfAllValues = 8;
    // what is left of a difference of shares of one number of images, where it is none
    const double Rounding = 1e-9;

    /// <summary>The student in integers.</summary>
    /// <exception cref="InputException">It cannot be brought there, or a layer to keep does not exist.</exception>
    /// <exception cref="CheckFailedException">It costs too much.</exception>
    public static OnnxModel Of(OnnxModel model, AmalgamationSetup setup, QuantisationOptions options, out QuantisationReport report) => new QuantisedStudent(model, setup).Make(options, out report);

    OnnxModel Make(QuantisationOptions options, out QuantisationReport report)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var plan = new QuantisationPlan(model, options.Keep);
        OnnxModel integers = plan.Apply(Ranges(plan.Measured));
        ImageSet judging = Some(setup.Validate ?? setup.Train, JudgedImages);
        Tensor before = Scores(model, judging), after = Scores(integers, judging);
        double changed = Changed(before, after);
        (double Before, double After)? accuracy = Accuracy(judging, before, after);
        report = new(plan.Layers.Count, plan.Kept, judging.Count, accuracy?.Before, accuracy?.After, changed);
        bool fails = report.Drop > options.MaxDrop + Rounding;
        LayerCost[] costs = fails || options.ByLayer is not null ? Costs(plan) : [];
        options.ByLayer?.Invoke(costs);
        return fails ? throw new CheckFailedException(Refusal(report, costs, options)) : integers;
    }

    static string Refusal(QuantisationReport report, LayerCost[] costs, QuantisationOptions options)
    {
        string got = report is { Before: { } before, After: { } after }
            ? string.Create(CultureInfo.InvariantCulture, $"accuracy {after:0.0000} instead of {before:0.0000} on {report.Images} images")
            : string.Create(CultureInfo.InvariantCulture, $"{report.Changed:0.0000} of the decisions on {report.Images} images changed");
        return string.Create(CultureInfo.InvariantCulture, $"8-bit integers: expected to lose at most {options.MaxDrop:0.####}, got {got}; nothing was written; costliest alone: {string.Join(", ", costs.Take(3).Select(cost => string.Create(CultureInfo.InvariantCulture, $"'{cost.Layer}' ({cost.ScoreError:0.0 %} of the scores)")))}; keep it in floats: --keep {ShellWord.Of(costs[0].Layer)}, or allow more: --max-drop");
    }

    /// <summary>Each layer alone in integers, the costliest first.</summary>
    LayerCost[] Costs(QuantisationPlan all)
    {
        ImageSet images = Some(setup.Validate ?? setup.Train, MeasuredImages);
        Tensor before = Scores(model, images);
        string[] layers = [.. new QuantisationPlan(model).Layers];
        QuantisationPlan[] alone = [.. all.Layers.Select(layer => new QuantisationPlan(model, layers.Where(other => other != layer)))];
        var ranges = Ranges([.. alone.SelectMany(plan => plan.Measured).Distinct(StringComparer.Ordinal)]);
        return [.. alone.Select(plan => Cost(plan.Layers[0], Scores(plan.Apply(ranges), images))).OrderByDescending(cost => cost.ScoreError)];

        LayerCost Cost(string layer, Tensor after)
        {
            double scale = before.square().mean().item<float>();
            return new(layer, scale > 0 ? Math.Sqrt((after - before).square().mean().item<float>() / scale) : 0, Changed(before, after));
        }
    }

    /// <summary>The least and the greatest element of each value over training images.</summary>
    Dictionary<string, ValueRange> Ranges(IReadOnlyList<string> values)
    {
        var ranges = new Dictionary<string, ValueRange>(StringComparer.Ordinal);
        ImageSet images = Some(setup.Train, MeasuredImages);
        string input = new GraphView(model.Proto.Graph).Inputs[0].Name;
        string[] computed = [.. values.Where(value => value != input)];
        Run(model, computed, images, BatchOfAllValues, (fed, outputs) =>
        {
            foreach (var (value, tensor) in computed.Zip(outputs).Concat(values.Contains(input) ? [(input, fed)] : []))
            {
                var seen = new ValueRange(tensor.min().item<float>(), tensor.max().item<float>());
                ranges[value] = ranges.TryGetValue(value, out var known) ? new(Math.Min(known.Least, seen.Least), Math.Max(known.Greatest, seen.Greatest)) : seen;
            }
        });
        return ranges;
    }

    /// <summary>Z[n, classes] of a model with the student's input.</summary>
    Tensor Scores(OnnxModel scoring, ImageSet images)
    {
        var batches = new List<Tensor>();
        Run(scoring, [setup.Student.Logits], images, BatchSize, (_, outputs) => batches.Add(outputs[0].to_type(ScalarType.Float32).MoveToOuterDisposeScope()));
        return cat(batches);
    }

    /// <summary>Shows what a model computes from each batch of images, and what it was fed; both are gone afterwards.</summary>
    void Run(OnnxModel running, IReadOnlyList<string> values, ImageSet images, int batchSize, Action<Tensor, IReadOnlyList<Tensor>> see)
    {
        var preprocess = new Preprocess(setup.Student.Input);
        using var session = new FrozenModel(running, values, new FrozenModelOptions { Threads = setup.Compute.Threads });
        foreach (ImageBatch batch in BatchLoader.InOrder(images, batchSize))
        {
            using var scope = NewDisposeScope();
            Tensor input = preprocess.Apply(BatchTensors.Canvas(batch, images));
            see(input, TorchMemory.Run(session, input));
        }
    }

    /// <summary>The share of decisions that differ: the best class of an image; of a tagger, among the tags given before or after, those not given both times.</summary>
    double Changed(Tensor before, Tensor after)
    {
        using var scope = NewDisposeScope();
        if (!setup.Recipe.Amalgamation.IsMultiLabel)
            return Classes(before).ne(Classes(after)).to_type(ScalarType.Float64).mean().item<double>();
        (Tensor had, Tensor has) = (before.gt(0), after.gt(0));
        return had.ne(has).sum().item<long>() / (double)Math.Max(had.logical_or(has).sum().item<long>(), 1);
    }

    /// <summary>Accuracy; null where an image has no label of the union, or where the student tags.</summary>
    (double Before, double After)? Accuracy(ImageSet images, Tensor before, Tensor after)
    {
        if (setup.Validate is null || setup.Recipe.Amalgamation.IsMultiLabel)
            return null;
        using var scope = NewDisposeScope();
        using var targets = new ImageTargets(setup, images, domains: false);
        if (targets.Labelled < images.Count)
            return null;
        Tensor wanted = targets.Classes(arange(images.Count, ScalarType.Int64, TorchMemory.Device(setup.Compute.Device))).cpu();
        double Share(Tensor scores) => Classes(scores).eq(wanted).sum().item<long>() / (double)images.Count;
        return (Share(before), Share(after));
    }

    /// <summary>Z[n, scores] -> Y[n], each image's best class.</summary>
    Tensor Classes(Tensor scores)
    {
        using var scope = NewDisposeScope();
        using var classes = new ClassScores(setup.Union, CPU);
        return classes.OfStudent(scores).argmax(1).MoveToOuterDisposeScope();
    }

    /// <summary>At most so many images of a set, from all over it.</summary>
    static ImageSet Some(ImageSet images, int most) => images.Count <= most ? images : images.Spread(most);
}
