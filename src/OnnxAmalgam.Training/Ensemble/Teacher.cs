using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Metadata;
using OnnxAmalgam.Teachers;
using OnnxAmalgam.Training.Caching;
using OnnxAmalgam.Training.CommonSpace;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Ensemble;

/// <summary>What a teacher says of a batch. The tensors belong to the dispose scope they were made in.</summary>
/// <param name="Logits">Z[n, classes] in float32, or null for a features-only teacher.</param>
/// <param name="Taps">One float tensor a tap, as the graph lays it out; one in all where taps have weights.</param>
public sealed record TeacherOutput(Tensor? Logits, IReadOnlyList<Tensor> Taps);

/// <summary>A frozen network with its own preprocessing, labels and taps. Owns its ONNX Runtime session, which is opened only when something has to
/// be computed by it: with a cache that holds everything, or a session that several teachers share, it never is.</summary>
public sealed class Teacher : IDisposable
{
    readonly int[] places;
    readonly Lazy<TeacherSession> session;
    readonly Func<int, IReadOnlyList<long[]>> shapes;
    readonly LogitsOutput? logits;
    readonly TeacherStores? stores;
    readonly Lazy<IReadOnlyList<TapShape>> tapShapes;
    readonly TapSum? sum;

    Teacher(TeacherNetwork network, Lazy<TeacherSession> session, Func<int, IReadOnlyList<long[]>> shapes, TeacherStores? stores)
    {
        var (recipe, taps) = (network.Recipe, network.Taps);
        (Name, File, Weight, Taps, Input) = (recipe.Name, recipe.Model, recipe.Weight, taps, network.Input);
        sum = taps.Count > 0 ? TapSum.Of(recipe, taps) : null;
        (places, this.session, this.shapes, logits, this.stores) = (network.Places, session, shapes, network.Logits, stores);
        TapNames = sum is null ? [.. taps.Select(t => t.Value)] : [sum.Name];
        tapShapes = new(() =>
        {
            TapShape[] each = [.. taps.Zip(Shapes().Skip(logits is null ? 0 : 1), (tap, shape) => new TapShape($"{Name}: {tap.Value}", tap.Kind, tap.ChannelAxis, shape))];
            return sum is null ? each : [sum.Shape(each)];
        });
    }

    /// <summary>Unique name in the recipe.</summary>
    public string Name { get; }

    /// <summary>The .onnx file.</summary>
    public string File { get; }

    /// <summary>Class names in output order; empty for a features-only teacher.</summary>
    public IReadOnlyList<string> Labels { get; private init; } = [];

    /// <summary>What it is fed.</summary>
    public InputDescription Input { get; }

    /// <summary>Values read beside the scores.</summary>
    public IReadOnlyList<Tap> Taps { get; }

    /// <summary>Factor of its part of every term on features.</summary>
    public double Weight { get; }

    /// <summary>Layout and shape of each feature: one a tap, or one in all where taps have weights.</summary>
    internal IReadOnlyList<TapShape> TapShapes => tapShapes.Value;

    /// <summary>What each feature is: the value, or the weighted sum.</summary>
    public IReadOnlyList<string> TapNames { get; }

    /// <summary>Whether it has scores.</summary>
    public bool HasLogits => logits is not null;

    /// <summary>What its scores are.</summary>
    public ScoreKind Kind { get; private init; }

    /// <summary>What was skipped to find the scores, and what is only assumed of the input.</summary>
    public IReadOnlyList<string> Notes { get; private init; } = [];

    /// <summary>Whether a session of its own is open.</summary>
    internal bool IsOpen => session.IsValueCreated;

    /// <summary>Whether training batches are launched as a CUDA graph.</summary>
    internal bool IsRecorded => IsOpen && session.Value.IsRecorded;

    /// <summary>Where its outputs are kept; null: nowhere.</summary>
    internal TeacherStores? Stores => stores;

    /// <summary>Loads the file, finds scores, taps and labels, and opens a session that computes just these.</summary>
    /// <param name="recipe">What the recipe says of it.</param>
    /// <param name="withTaps">Whether features are needed at all.</param>
    /// <param name="options">Device and threads.</param>
    /// <exception cref="InputException">Bad file, unknown tap, label list of the wrong length, no labels.</exception>
    public static Teacher Open(TeacherRecipe recipe, bool withTaps, FrozenModelOptions options) => Open(recipe, withTaps, options, null);

    /// <summary>The same with a cache: what is stored of this teacher is not computed again.</summary>
    internal static Teacher Open(TeacherRecipe recipe, bool withTaps, FrozenModelOptions options, OutputCache? cache) =>
        Open(TeacherNetwork.Load(recipe, withTaps), options, cache, _ => null);

    /// <summary>The same of a file that is loaded.</summary>
    /// <param name="network">What is read of the file.</param>
    /// <param name="options">Device and threads.</param>
    /// <param name="cache">Where outputs are kept; null: nowhere.</param>
    /// <param name="shapesElsewhere">Shapes of its outputs for so many images, where another session than its own computes them.</param>
    internal static Teacher Open(TeacherNetwork network, FrozenModelOptions options, OutputCache? cache, Func<int, IReadOnlyList<long[]>?> shapesElsewhere)
    {
        var (recipe, model, logits, taps, input) = network;
        var session = new Lazy<TeacherSession>(() => new TeacherSession(model, network.Outputs, input, options));
        int[] places = network.Places;
        IReadOnlyList<long[]> Shapes(int images) => Spread(places, shapesElsewhere(images) ?? session.Value.Shapes(images));
        TeacherStores? stores = cache is null ? null : StoresOf(cache, model, logits, recipe.Scores, taps, input, options);
        try
        {
            var teacher = new Teacher(network, session, Shapes, stores)
            {
                Kind = recipe.Scores,
                Labels = logits is null ? [] : network.Labels(Classes(Shapes, stores)),
                Notes = [.. new[] { logits?.Note, ScoreMetadata.Disagreement(model, recipe), ScoreMetadata.Constant(recipe, logits is null ? null : Classes(Shapes, stores)), ModelInput.Assumption(model, recipe.Input, input) }.OfType<string>()],
            };
            if (stores is null)
            {
                _ = teacher.TapShapes;
            }

            return teacher;
        }
        catch
        {
            Close(session);
            throw;
        }
    }

    /// <summary>Runs the network on a batch.</summary>
    /// <param name="canvas">Bytes X[n, c, h, w]; the results lie on its device, wherever the network runs.</param>
    /// <param name="imageName">Names the i-th image of the batch, for messages.</param>
    /// <exception cref="InputException">A score or feature that is not finite: teacher and image are named.</exception>
    public TeacherOutput Run(Tensor canvas, Func<int, string> imageName) => Run(canvas, imageName, StoredOutputs(new(() => CanvasKey.Of(canvas)), null), null);

    /// <summary>The same, where its rows were looked up and the network may have been run with others.</summary>
    /// <param name="canvas">Bytes X[n, c, h, w].</param>
    /// <param name="imageName">Names the i-th image of the batch.</param>
    /// <param name="rows">What <see cref="StoredOutputs"/> found.</param>
    /// <param name="raw">What its network gives for the batch; null: it is run here if need be.</param>
    /// <param name="record">Whether the run may be recorded as a CUDA graph: see <see cref="TeacherSession.Run"/>.</param>
    internal TeacherOutput Run(Tensor canvas, Func<int, string> imageName, StoredRows? rows, Tensor[]? raw, bool record = false)
    {
        Tensor[] outputs = rows is null
            ? Compute(canvas, imageName, raw, record)
            : CachedRows.Parts(stores!.Outputs, rows, canvas.device, () => Compute(canvas, imageName, raw, record), DefineOutputs);
        return Output(outputs);
    }

    /// <summary>What is stored of its outputs for a batch, which may have been read beforehand; null where nothing is kept.</summary>
    internal StoredRows? StoredOutputs(Lazy<CanvasKey[]> keys, StoredRows? read) => stores?.Outputs.Look(keys, read);

    /// <summary>The same of its scores.</summary>
    internal StoredRows? StoredScores(Lazy<CanvasKey[]> keys) => stores?.Scores?.Look(keys, null);

    /// <summary>The scores alone, never rounded; null for a features-only teacher.</summary>
    /// <inheritdoc cref="Run(Tensor, Func{int, string}, StoredRows?, Tensor[], bool)" path="/param"/>
    internal Tensor? Scores(Tensor canvas, Func<int, string> imageName, StoredRows? rows, Tensor[]? raw)
    {
        if (rows is null)
        {
            return logits is null ? null : Compute(canvas, imageName, raw)[0];
        }

        OutputStore store = stores!.Scores!;
        return CachedRows.Parts(store, rows, canvas.device, () => Compute(canvas, imageName, raw)[..1], () => store.Define(new RowLayout([new RowPart(logits!.Value, [Labels.Count])])))[0];
    }

    /// <summary>Rows R[n, width] in float32 that are made of the outputs for a use, image by image; they are kept under its name.</summary>
    internal Tensor Derived(string use, Tensor canvas, Func<int, string> imageName, Func<TeacherOutput, Tensor> make)
    {
        Tensor Make()
        {
            return make(Output(Compute(canvas, imageName, null)));
        }

        return stores?.Derived(sum is null ? use : $"{use}/{sum.Key}") is { } store ? CachedRows.Of(store, store.Look(new(() => CanvasKey.Of(canvas)), null), canvas.device, Make) : Make();
    }

    /// <inheritdoc/>
    public void Dispose() => Close(session);

    static void Close(Lazy<TeacherSession> session)
    {
        if (session.IsValueCreated)
        {
            session.Value.Dispose();
        }
    }

    static TeacherStores StoresOf(OutputCache cache, OnnxModel model, LogitsOutput? logits, ScoreKind kind, IReadOnlyList<Tap> taps, InputDescription input, FrozenModelOptions options)
    {
        string[] scores = logits is null ? [] : [!logits.IsProbability ? logits.Value : kind == ScoreKind.Sigmoid ? $"logit {logits.Value}" : $"log {logits.Value}"];
        string[] all = [.. scores, .. taps.Select(t => t.Value)];
        string file = ModelHash.Of(model);
        OutputStore Store(string[] outputs, CacheDtype dtype, string use) => cache.Store(TeacherStores.Key(model, file, outputs, input, options, dtype, use), dtype);
        return new TeacherStores(
            Store(all, cache.Recipe.Dtype, "outputs"),
            logits is null ? null : Store(scores, CacheDtype.Float32, "outputs"),
            use => Store(all, CacheDtype.Float32, $"{use} of {string.Join(", ", taps.Select(t => $"{t.Kind} {t.ChannelAxis}"))}"));
    }

    /// <summary>Number of scores: as stored, else as ONNX Runtime says.</summary>
    static long Classes(Func<int, IReadOnlyList<long[]>> shapes, TeacherStores? stores) =>
        (stores?.Outputs.Layout ?? stores?.Scores?.Layout)?.Parts[0].Width ?? shapes(1)[0].Skip(1).Aggregate(1L, (a, b) => a * b);

    /// <summary>Shapes of all outputs for two images: as stored, else as ONNX Runtime says.</summary>
    IReadOnlyList<long[]> Shapes() => stores?.Outputs.Layout is { } layout
        ? [.. layout.Parts.Select(p => (long[])[2, .. p.Shape])]
        : shapes(2);

    void DefineOutputs()
    {
        var parts = new List<RowPart>();
        if (logits is not null)
        {
            parts.Add(new RowPart(logits.Value, [Labels.Count]));
        }

        foreach (var (tap, shape) in Taps.Zip(shapes(2).Skip(parts.Count)))
        {
            parts.Add(shape is [2, ..]
                ? new RowPart(tap.Value, shape[1..])
                : throw new InputException($"teacher '{Name}', tap '{tap.Value}': expected a first axis that is the batch, got [{string.Join(", ", shape)}] for two images, which cannot be kept image by image; choose another tap or set train.cache: none"));
        }

        stores!.Outputs.Define(new RowLayout(parts));
    }

    Tensor[] Compute(Tensor canvas, Func<int, string> imageName, Tensor[]? raw, bool record = false)
    {
        Tensor[] outputs = raw ?? session.Value.Run(canvas, record);
        FiniteOutputs.Require(outputs, Name, imageName);
        Tensor[] floats = Spread(places, outputs);
        return logits is null ? floats : [ReadScores(floats[0]), .. floats[1..]];
    }

    /// <summary>What is read out of what a session gives, each value of which it computes once.</summary>
    static T[] Spread<T>(int[] places, IReadOnlyList<T> outputs) => [.. places.Select(place => outputs[place])];

    /// <summary>Scores and features; weighted taps are stored one by one and summed here.</summary>
    TeacherOutput Output(Tensor[] outputs)
    {
        Tensor[] taps = logits is null ? outputs : outputs[1..];
        return new TeacherOutput(logits is null ? null : outputs[0], sum is null ? taps : [sum.Apply(taps)]);
    }

    Tensor ReadScores(Tensor value)
    {
        Tensor flat = value.reshape(value.shape[0], Labels.Count);
        return !logits!.IsProbability ? flat : ScoreMetadata.FromProbabilities(flat, Kind);
    }
}
