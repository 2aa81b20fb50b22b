using Onnx;

namespace OnnxAmalgam.Graphs.Classifiers;

/// <summary>Which axis of each value is the channel, from the operator that made it and onwards through what keeps or moves axes.</summary>
internal sealed class ChannelAxes
{
    static readonly string[] ChannelSecond =
    [
        "Conv", "ConvTranspose", "FusedConv", "QLinearConv", "ConvInteger", "BatchNormalization", "InstanceNormalization", "GroupNormalization", "LRN",
        "MaxPool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool", "DepthToSpace", "SpaceToDepth", "GridSample",
    ];

    static readonly string[] ChannelLast = ["Gemm", "MatMul", "FusedMatMul", "FusedGemm", "QLinearMatMul", "LayerNormalization", "SkipLayerNormalization", "Attention", "MultiHeadAttention"];

    readonly ClassifierGraph graph;
    readonly Dictionary<string, int> axes = new(StringComparer.Ordinal);

    public ChannelAxes(ClassifierGraph graph)
    {
        this.graph = graph;
        var image = graph.Image.Name;
        if (graph.Rank(image) == 4)
            axes[image] = graph.Size(image, 3) is 1 or 3 or 4 && graph.Size(image, 1) is not (1 or 3) ? 3 : 1;
        foreach (var node in graph.View.Nodes.Where(ClassifierGraph.PassesData))
        {
            foreach (var output in node.Output.Where(graph.DependsOnImage))
            {
                if (graph.Rank(output) is { } rank && Axis(node, output, rank) is { } axis && axis >= 0 && axis < rank)
                    axes[output] = axis;
            }
        }
    }

    /// <summary>The channel axis; where nothing says otherwise: second of four, last of fewer.</summary>
    public int Of(string value, int rank) => rank == 2 ? 1 : axes.GetValueOrDefault(value, rank == 4 ? 1 : rank - 1);

    int? Axis(NodeProto node, string output, int rank)
    {
        if (ChannelSecond.Contains(node.OpType))
            return 1;
        if (ChannelLast.Contains(node.OpType))
            return rank - 1;
        // of several inputs, one of the output's own rank that is known
        var source = node.Input.Where(input => axes.ContainsKey(input) && graph.Rank(input) is not null)
            .OrderBy(input => graph.Rank(input) == rank ? 0 : 1).FirstOrDefault();
        if (source is null)
            return null;
        var from = graph.Rank(source)!.Value;
        var axis = axes[source];
        return node.OpType switch
        {
            "Transpose" => Array.IndexOf(node.Ints("perm") ?? [.. Enumerable.Range(0, from).Reverse().Select(i => (long)i)], axis),
            "Reshape" or "Flatten" or "Squeeze" or "Unsqueeze" => Rearranged(source, axis, output, rank),
            _ when from == rank => axis,
            // one axis fewer or more: a reduction, a Gather of one index, a broadcast
            _ => Rearranged(source, axis, output, rank),
        };
    }

    /// <summary>The axis of the output that is as wide as the channel and has as much before it; the same width alone where only one axis has it.</summary>
    int? Rearranged(string source, int axis, string output, int rank)
    {
        var from = graph.Fact(source)!.Shape!;
        var to = graph.Fact(output)!.Shape!;
        if (from[axis] == default)
            return null;
        var same = Enumerable.Range(0, rank).Where(i => to[i] == from[axis]).ToArray();
        var exact = same.Where(i => Sizes(from.Take(axis)).SequenceEqual(Sizes(to.Take(i)))).ToArray();
        return exact is [var best, ..] ? best : same is [var only] ? only : null;
    }

    static IEnumerable<Dim> Sizes(IEnumerable<Dim> dims) => dims.Where(dim => dim.Size != 1);
}
