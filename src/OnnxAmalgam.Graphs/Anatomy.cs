using OnnxAmalgam.Graphs.Classifiers;
using OnnxAmalgam.Graphs.Queries;
using Onnx;

namespace OnnxAmalgam.Graphs;

/// <summary>How a feature tensor is laid out.</summary>
public enum TapKind
{
    /// <summary>F[n, c, h, w] (or [n, h, w, c]).</summary>
    Spatial,
    /// <summary>F[n, l, c].</summary>
    Tokens,
    /// <summary>F[n, c].</summary>
    Pooled,
}

/// <summary>A value that can be tapped.</summary>
/// <param name="Value">Its name in the graph.</param>
/// <param name="Kind">Its layout.</param>
/// <param name="ChannelAxis">Which axis is the channel.</param>
/// <param name="Channels">Number of channels, when known.</param>
/// <param name="Dominates">Whether every path from image to class output passes through it.</param>
public sealed record Tap(string Value, TapKind Kind, int ChannelAxis, int? Channels, bool Dominates);

/// <summary>The classifier's output.</summary>
/// <param name="Value">The value to read.</param>
/// <param name="IsProbability">True when only probabilities are offered: the reader takes their log.</param>
/// <param name="Classes">Width, when known.</param>
/// <param name="Note">What was skipped to get there (softmax, ZipMap), or null.</param>
public sealed record LogitsOutput(string Value, bool IsProbability, int? Classes, string? Note);

/// <summary>The linear layer that makes the class scores.</summary>
/// <param name="Node">Gemm, MatMul or 1x1 Conv.</param>
/// <param name="Feature">The value it reads.</param>
/// <param name="Logits">The value after its bias.</param>
/// <param name="Features">Width of the feature.</param>
/// <param name="Classes">Number of scores.</param>
public sealed record ClassifierHead(NodeProto Node, string Feature, string Logits, int Features, int Classes);

/// <summary>A Conv or ConvTranspose, and what normalises its result.</summary>
/// <param name="Node">The node.</param>
/// <param name="Normalisation">The operator that normalises before other weights come; null: none on at least one way.</param>
/// <param name="IsLinearLayer">Whether it makes the class scores or works on what a global pool left (squeeze-and-excitation): networks do
/// not normalise behind these.</param>
public sealed record Convolution(NodeProto Node, string? Normalisation, bool IsLinearLayer)
{
    /// <summary>Whether a normalisation is missing: folded into the weights on export, or never there.</summary>
    public bool IsBare => Normalisation is null && !IsLinearLayer;
}

/// <summary>What a classifier is made of: where the image enters, where scores and features can be read.</summary>
public static class Anatomy
{
    /// <summary>The image input: the only input, or the only one of rank 4.</summary>
    /// <exception cref="InputException">There is none, or more than one fits.</exception>
    public static ValueInfoProto ImageInput(OnnxModel model) => new ClassifierGraph(model).Image;

    /// <summary>The class scores before any softmax, sigmoid, ZipMap, arg max; or what the caller named.</summary>
    /// <exception cref="InputException">The name does not exist, or several outputs could be the scores.</exception>
    public static LogitsOutput Logits(OnnxModel model, string? requested = null) =>
        new LogitsWalk(new ClassifierGraph(model)).Find(requested);

    /// <summary>The classifier's last linear layer, or null when there is none whose removal disconnects image and scores.</summary>
    public static ClassifierHead? Head(OnnxModel model) => HeadParts.Find(new ClassifierGraph(model))?.Head;

    /// <summary>Every float value that depends on the image and has rank 2 to 4, in graph order.</summary>
    public static IReadOnlyList<Tap> Taps(OnnxModel model) => new TapList(new ClassifierGraph(model)).All;

    /// <summary>The default tap: the last spatial dominator before the global pool, else the last token dominator, else the head's input; of a network without class scores its only output.</summary>
    /// <exception cref="InputException">The model has no value that fits (a classical model, for one).</exception>
    public static Tap AutoTap(OnnxModel model) => new TapList(new ClassifierGraph(model)).Default();

    /// <summary>The taps that every path from image to scores passes behind a layer with weights, in order; what only passes numbers on (Identity,
    /// Dropout, Cast) is left out. Empty where the scores cannot be told.</summary>
    public static IReadOnlyList<Tap> TapsOnPath(OnnxModel model) => new TapList(new ClassifierGraph(model)).OnPath();

    /// <summary>A tap by value name or module path (<c>layer3</c>).</summary>
    /// <exception cref="InputException">No such value, or it does not depend on the image; the message names the closest.</exception>
    public static Tap Tap(OnnxModel model, string nameOrModulePath) => new TapList(new ClassifierGraph(model)).Find(nameOrModulePath);

    /// <summary>Every convolution of the main graph, in its order.</summary>
    public static IReadOnlyList<Convolution> Convolutions(OnnxModel model) => new ConvolutionList(new ClassifierGraph(model)).All;

    /// <summary>Every BatchNormalization of the main graph, in its order.</summary>
    /// <exception cref="InputException">One computes its statistics instead of storing them, or lies in a body or a local function.</exception>
    public static IReadOnlyList<NormalisationLayer> BatchNormalizations(OnnxModel model) => NormalisationLayers.Of(model);

    /// <summary>Taps by value name, by module path, or by a query (docs/queries.md) that selects one or several. An exact name wins.</summary>
    /// <exception cref="InputException">As <see cref="Tap"/>; a query that cannot be read, selects nothing, or selects what cannot be tapped.</exception>
    public static IReadOnlyList<Tap> SelectTaps(OnnxModel model, string text)
    {
        var taps = new TapList(new ClassifierGraph(model));
        if (taps.All.Any(tap => tap.Value == text) || !Query.IsQuery(text))
            return [taps.Find(text)];
        var found = Query.Parse(text).Require(new QueryGraph(model));
        return found.FirstOrDefault(element => element.Kind != ElementKind.Tensor) is { } other
            ? throw new InputException($"tap '{text}' in '{model.Name}': expected tensors, got {other}; add '~> produces' to go from an op to the values it makes")
            : [.. found.Select(element => taps.Find(element.Name))];
    }

    /// <summary>The module of the exporter's source that makes each value (<c>layer3.0.conv1</c>), where the file tells; each is a name that <see cref="Tap"/> takes.</summary>
    public static IReadOnlyDictionary<string, string> ModulePaths(OnnxModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new ModulePaths(new GraphView(model.Proto.Graph)).ByValue;
    }
}
