using Onnx;

namespace OnnxAmalgam.Graphs.Classifiers;

/// <summary>Which axis of each value is the channel, from the operator that made it and onwards through what keeps or moves axes.</summary>
internal sealed class ChannelAxes
{
    private static readonly string[] ChannelSecond =
    [
        "Conv", "ConvTranspose", "FusedConv", "QLinearConv", "ConvInteger", "BatchNormalization", "InstanceNormalization", "GroupNormalization", "LRN",
        "MaxPool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool", "DepthToSpace", "SpaceToDepth", "GridSample",
    ];

    private static readonly string[] ChannelLast = ["Gemm", "MatMul", "FusedMatMul", "FusedGemm", "QLinearMatMul", "LayerNormalization", "SkipLayerNormalization", "Attention", "MultiHeadAttention"];

    private readonly ClassifierGraph _graph;
    private readonly Dictionary<string, int> _axes = new(StringComparer.Ordinal);

    public ChannelAxes(ClassifierGraph graph)
    {
        _graph = graph;
        var image = graph.Image.Name;
        if (graph.Rank(image) == 4)
            _axes[image] = graph.Size(image, 3) is 1 or 3 or 4 && graph.Size(image, 1) is not (1 or 3) ? 3 : 1;
        foreach (var node in graph.View.Nodes.Where(ClassifierGraph.PassesData))
        {
            foreach (var output in node.Output.Where(graph.DependsOnImage))
            {
                if (graph.Rank(output) is { } rank && Axis(node, output, rank) is { } axis && axis >= 0 && axis < rank)
                    _axes[output] = axis;
            }
        }
    }

    /// <summary>The channel axis; where nothing says otherwise: second of four, last of fewer.</summary>
    public int Of(string value, int rank) => rank == 2 ? 1 : _axes.GetValueOrDefault(value, rank == 4 ? 1 : rank - 1);

    private int? Axis(NodeProto node, string output, int rank)
    {
        if (ChannelSecond.Contains(node.OpType))
            return 1;
        if (ChannelLast.Contains(node.OpType))
            return rank - 1;
        // of several inputs, one of the output's own rank that is known
        var source = node.Input.Where(input => _axes.ContainsKey(input) && _graph.Rank(input) is not null)
            .OrderBy(input => _graph.Rank(input) == rank ? 0 : 1).FirstOrDefault();
        if (source is null)
            return null;
        var from = _graph.Rank(source)!.Value;
        var axis = _axes[source];
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
    private int? Rearranged(string source, int axis, string output, int rank)
    {
        var from = _graph.Fact(source)!.Shape!;
        var to = _graph.Fact(output)!.Shape!;
        if (from[axis] == default)
            return null;
        var same = Enumerable.Range(0, rank).Where(i => to[i] == from[axis]).ToArray();
        var exact = same.Where(i => Sizes(from.Take(axis)).SequenceEqual(Sizes(to.Take(i)))).ToArray();
        return exact is [var best, ..] ? best : same is [var only] ? only : null;
    }

    private static IEnumerable<Dim> Sizes(IEnumerable<Dim> dims) => dims.Where(dim => dim.Size != 1);
}
