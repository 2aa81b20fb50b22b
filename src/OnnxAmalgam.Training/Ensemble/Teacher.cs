using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Metadata;
using OnnxAmalgam.Teachers;
using OnnxAmalgam.Training.CommonSpace;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Ensemble;

/// <summary>What a teacher says of a batch. The tensors belong to the dispose scope they were made in.</summary>
/// <param name="Logits">Z[n, classes] in float32, or null for a features-only teacher.</param>
/// <param name="Taps">One float tensor a tap, as the graph lays it out.</param>
public sealed record TeacherOutput(Tensor? Logits, IReadOnlyList<Tensor> Taps);

/// <summary>A frozen network with its own preprocessing, labels and taps. Owns its ONNX Runtime session.</summary>
public sealed class Teacher : IDisposable
{
    readonly FrozenModel session;
    readonly Preprocess preprocess;
    /// <summary>Where the session's inputs and outputs lie: on its device, but for halves, which TorchSharp can point to on the CPU only
    /// (ONNX Runtime then copies).</summary>
    readonly Device memory;
    readonly LogitsOutput? logits;

    Teacher(string name, string file, FrozenModel session, LogitsOutput? logits, IReadOnlyList<Tap> taps, IReadOnlyList<string> labels, InputDescription input, ComputeDevice device)
    {
        (Name, File, Taps, Labels, Input) = (name, file, taps, labels, input);
        (this.session, this.logits) = (session, logits);
        bool hasHalves = session.Outputs.Append(session.Input).Any(o => TorchMemory.Dtype(o.Type) == ScalarType.Float16);
        memory = hasHalves ? CPU : TorchMemory.Device(device);
        preprocess = new Preprocess(input);
        TapShapes = [.. taps.Zip(session.OutputShapes(input.ShapeOf(2)).Skip(logits is null ? 0 : 1),
            (tap, shape) => new TapShape($"{name}: {tap.Value}", tap.Kind, tap.ChannelAxis, shape))];
    }

    /// <summary>Unique name in the recipe.</summary>
    public string Name { get; }

    /// <summary>The .onnx file.</summary>
    public string File { get; }

    /// <summary>Class names in output order; empty for a features-only teacher.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>What it is fed.</summary>
    public InputDescription Input { get; }

    /// <summary>Values read beside the scores.</summary>
    public IReadOnlyList<Tap> Taps { get; }

    /// <summary>Layout and shape of each tap.</summary>
    internal IReadOnlyList<TapShape> TapShapes { get; }

    /// <summary>Whether it has scores.</summary>
    public bool HasLogits => logits is not null;

    /// <summary>What its scores are.</summary>
    public ScoreKind Scores { get; private init; }

    /// <summary>What was skipped to find the scores, and what is only assumed of the input.</summary>
    public IReadOnlyList<string> Notes { get; private init; } = [];

    /// <summary>Loads the file, finds scores, taps and labels, and opens a session that computes just these.</summary>
    /// <param name="recipe">What the recipe says of it.</param>
    /// <param name="withTaps">Whether features are needed at all.</param>
    /// <param name="options">Device and threads.</param>
    /// <exception cref="InputException">Bad file, unknown tap, label list of the wrong length, no labels.</exception>
    public static Teacher Open(TeacherRecipe recipe, bool withTaps, FrozenModelOptions options)
    {
        OnnxModel model = OnnxModel.Load(recipe.Model);
        LogitsOutput? logits = recipe.FeaturesOnly ? null : Anatomy.Logits(model, recipe.Logits);
        IReadOnlyList<Tap> taps = ModelInput.Taps(model, recipe.Taps, withTaps);
        if (logits is null && taps.Count == 0)
        {
            throw new InputException($"teacher '{recipe.Name}': expected scores or features to be used, got logits: none and no loss term that reads features; add mmd, reconstruction or cosine, or remove the teacher");
        }

        InputDescription input = ModelInput.Describe(model, recipe.Input, $"teacher '{recipe.Name}'");
        string[] outputs = [.. logits is null ? [] : new[] { logits.Value }, .. taps.Select(t => t.Value)];
        var session = new FrozenModel(model, outputs, options);
        try
        {
            IReadOnlyList<string> labels = logits is null ? [] : ReadLabels(recipe, model, session, input);
            return new Teacher(recipe.Name, recipe.Model, session, logits, taps, labels, input, options.Device)
            {
                Scores = recipe.Scores,
                Notes = [.. new[] { logits?.Note, ScoreMetadata.Disagreement(model, recipe), ModelInput.Assumption(model, recipe.Input, input) }.OfType<string>()],
            };
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <summary>Runs the network on a batch.</summary>
    /// <param name="canvas">Bytes X[n, c, h, w]; the results lie on its device, wherever the network runs.</param>
    /// <param name="imageName">Names the i-th image of the batch, for messages.</param>
    /// <exception cref="InputException">A score or feature that is not finite: teacher and image are named.</exception>
    public TeacherOutput Run(Tensor canvas, Func<int, string> imageName)
    {
        using Tensor local = canvas.to(memory);
        using Tensor input = preprocess.Apply(local);
        var raw = session.OutputShapes(input.shape)
            .Zip(session.Outputs, (shape, output) => empty(shape, TorchMemory.Dtype(output.Type), memory))
            .ToArray();
        if (memory.type == TorchSharp.DeviceType.CUDA)
        {
            // ONNX Runtime's stream does not wait for torch's, on which the input may still be in the making.
            cuda.synchronize(memory);
        }

        session.Run(TorchMemory.View(input), [.. raw.Select(TorchMemory.View)]);

        var floats = raw.Select(t => t.to(ScalarType.Float32, canvas.device)).ToArray();
        foreach (Tensor value in floats)
        {
            CheckFinite(value, imageName);
        }

        return logits is null
            ? new TeacherOutput(null, floats)
            : new TeacherOutput(ReadScores(floats[0]), floats[1..]);
    }

    /// <inheritdoc/>
    public void Dispose() => session.Dispose();

    Tensor ReadScores(Tensor value)
    {
        Tensor flat = value.reshape(value.shape[0], Labels.Count);
        return !logits!.IsProbability ? flat : ScoreMetadata.FromProbabilities(flat, Scores);
    }

    void CheckFinite(Tensor value, Func<int, string> imageName)
    {
        using var scope = NewDisposeScope();
        if (double.IsFinite(value.sum().item<float>()))
        {
            return;
        }

        Tensor bad = value.isfinite().reshape(value.shape[0], -1).all(1).logical_not();
        if (!bad.any().item<bool>())
        {
            return;
        }

        int first = (int)bad.to(ScalarType.Int64).argmax().item<long>();
        throw new InputException($"teacher '{Name}', image '{imageName(first)}': expected finite scores and features, got NaN or infinity; check the teacher's input description (scale, mean, std) and its precision");
    }

    static IReadOnlyList<string> ReadLabels(TeacherRecipe recipe, OnnxModel model, FrozenModel session, InputDescription input)
    {
        IReadOnlyList<string> labels = recipe.Labels ?? ModelMetadata.Labels(model)
            ?? throw new InputException($"teacher '{recipe.Name}': expected class names in the recipe, beside the model or in its metadata, got none; add labels: [..] to the teacher");
        long[] shape = session.OutputShapes(input.ShapeOf(1))[0];
        long classes = shape.Skip(1).Aggregate(1L, (a, b) => a * b);
        if (classes != labels.Count)
        {
            throw new InputException($"teacher '{recipe.Name}', output '{session.Outputs[0].Name}': expected {classes} labels, one a score, got {labels.Count}; correct labels: in the recipe");
        }

        return labels.Distinct(StringComparer.Ordinal).Count() == labels.Count
            ? labels
            : throw new InputException($"teacher '{recipe.Name}': expected distinct labels, got {string.Join(", ", labels.GroupBy(l => l, StringComparer.Ordinal).Where(g => g.Count() > 1).Select(g => $"'{g.Key}' {g.Count()} times"))}; rename them");
    }
}
