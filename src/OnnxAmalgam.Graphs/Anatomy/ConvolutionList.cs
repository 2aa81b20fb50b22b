using Onnx;

namespace OnnxAmalgam.Graphs.Classifiers;

/// <summary>Sees what follows each convolution. Exporters fold a BatchNormalization that stood directly behind one; one that stood
/// elsewhere, or another kind, stays in the graph.</summary>
internal sealed class ConvolutionList
{
    static readonly HashSet<string> Normalisations =
    [
        "BatchNormalization", "InstanceNormalization", "LayerNormalization", "GroupNormalization", "RMSNormalization", "SimplifiedLayerNormalization",
        "SkipLayerNormalization", "SkipSimplifiedLayerNormalization", "MeanVarianceNormalization", "GroupNorm", "SkipGroupNorm",
    ];

    static readonly HashSet<string> Pools = ["GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool", "AveragePool", "MaxPool", "ReduceMean", "ReduceMax"];

    readonly ClassifierGraph graph;
    readonly Dictionary<string, bool> pooled = new(StringComparer.Ordinal);
    readonly Dictionary<string, string?> following = new(StringComparer.Ordinal);
    readonly NodeProto? head;

    public ConvolutionList(ClassifierGraph graph)
    {
        this.graph = graph;
        head = Head();
        // from the outputs back, and from the inputs on: whoever asks then finds what the next value came to, however deep the graph
        foreach (var output in graph.View.Nodes.Reverse().SelectMany(node => node.Output).Where(name => name.Length > 0))
            Following(output);
        foreach (var output in graph.View.Nodes.SelectMany(node => node.Output).Where(name => name.Length > 0))
            IsPooled(output);
    }

    /// <summary>Every Conv and ConvTranspose of the main graph, in its order.</summary>
    public IReadOnlyList<Convolution> All => [.. graph.View.Nodes.Where(IsConvolution).Select(Look)];

    static bool IsConvolution(NodeProto node) => node.OpType is "Conv" or "ConvTranspose" && node.Domain is "" or "ai.onnx";

    Convolution Look(NodeProto node) => new(node, Following(node.Output[0]), ReferenceEquals(node, head) || IsPooled(node.Input[0]));

    /// <summary>Whether a value is a map of one position that a global pool made, or was made of such: a convolution of it is a linear layer.
    /// A map that only a small image makes this small is none.</summary>
    bool IsPooled(string value)
    {
        if (pooled.TryGetValue(value, out var known))
            return known;
        return pooled[value] = IsOnePosition(value) && graph.View.Producer(value) is { } node
            && (Pools.Contains(node.OpType) || node.Input.Where(name => name.Length > 0 && !graph.IsFixed(name)).All(IsPooled));
    }

    bool IsOnePosition(string value) => graph.Fact(value)?.Shape is { Count: > 2 } shape && shape.Skip(2).All(dim => dim.Size == 1);

    /// <summary>The normalisation that every way from a value comes to before it comes to other weights or to an output; null: there is a way
    /// without. Where the ways come to different ones: the first.</summary>
    string? Following(string value)
    {
        if (following.TryGetValue(value, out var known))
            return known;
        following[value] = null;
        return following[value] = Look(value);
    }

    string? Look(string value)
    {
        var users = graph.View.Consumers(value).Where(ClassifierGraph.PassesData).ToArray();
        if (users.Length == 0 || graph.View.Outputs.Contains(value))
            return null;
        if (users.Any(user => IsWrittenOut(user, value)))
            return "LayerNormalization";
        string? first = null;
        foreach (var user in users)
        {
            if (HeadParts.IsWeighted(graph, user))
                return null;
            var found = Normalisations.Contains(user.OpType) ? user.OpType : After(user);
            if (found is null)
                return null;
            first ??= found;
        }
        return first;
    }

    string? After(NodeProto node)
    {
        var found = node.Output.Where(IsUsed).Select(Following).ToArray();
        return found.Length == 0 || found.Contains(null) ? null : found[0];
    }

    bool IsUsed(string output) => output.Length > 0 && (graph.View.Consumers(output).Count > 0 || graph.View.Outputs.Contains(output));

    /// <summary>x - mean(x): how exporters write a layer normalisation out for opsets without one.</summary>
    bool IsWrittenOut(NodeProto user, string value) => user.OpType == "ReduceMean" && user.Input[0] == value
        && graph.View.Consumers(user.Output[0]).Any(next => next.OpType == "Sub" && next.Input[0] == value && next.Input[1] == user.Output[0]);

    NodeProto? Head() => InputException.Attempt(() => HeadParts.Find(graph)?.Head.Node).Found;
}
