using OnnxAmalgam.Graphs.Classifiers;
using OnnxAmalgam.Graphs.Inference;
using Onnx;
using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Graphs;

/// <summary>What one image costs a model.</summary>
public sealed record Costs
{
    /// <summary>Multiply-accumulates of each convolution and matrix product whose shapes are known, for one image.</summary>
    public required IReadOnlyDictionary<NodeProto, long> MacsByNode { get; init; }

    /// <summary>Convolutions and matrix products whose shapes are not known.</summary>
    public required IReadOnlyList<NodeProto> Unknown { get; init; }

    /// <summary>Elements of all weights: initializers and constants but for the integers that shapes are computed from.</summary>
    public required long Parameters { get; init; }

    /// <summary>The sum of <see cref="MacsByNode"/>; null when a part is unknown, or the sum is beyond 64 bits.</summary>
    public long? Macs => Unknown.Count == 0 ? Sum(MacsByNode.Values) : null;

    /// <summary>Counts for one image.</summary>
    /// <param name="model">A model.</param>
    /// <param name="size">Height and width where the graph leaves them free.</param>
    public static Costs Of(OnnxModel model, int? size = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        var single = model.Clone();
        var batch = FixInput(single.Proto.Graph, size);
        var states = new GraphInference(single).Run();
        var macs = new Dictionary<NodeProto, long>(ReferenceEqualityComparer.Instance);
        var unknown = new List<NodeProto>();
        foreach (var node in model.Proto.Graph.Node.Where(node => Counts.ContainsKey(node.OpType)))
        {
            if (CountOf(node, states) is { } count)
                macs[node] = count % batch == 0 ? count / batch : count;
            else
                unknown.Add(node);
        }
        return new Costs { MacsByNode = macs, Unknown = unknown, Parameters = CountParameters(model.Proto.Graph) };
    }

    static long? CountOf(NodeProto node, Dictionary<string, ValueState> states)
    {
        try
        {
            return Counts[node.OpType](node, states)?.Constant;
        }
        catch (OverflowException)
        {
            return null;
        }
    }

    static long? Sum(IEnumerable<long> counts)
    {
        var sum = counts.Aggregate(Int128.Zero, (all, one) => all + one);
        return sum <= long.MaxValue ? (long)sum : null;
    }

    delegate Extent? Count(NodeProto node, Dictionary<string, ValueState> states);

    static readonly Dictionary<string, Count> Counts = new(StringComparer.Ordinal)
    {
        ["Conv"] = (node, states) => Convolution(node.Output[0], node.Input[1], states),
        ["FusedConv"] = (node, states) => Convolution(node.Output[0], node.Input[1], states),
        ["ConvInteger"] = (node, states) => Convolution(node.Output[0], node.Input[1], states),
        ["QLinearConv"] = (node, states) => Convolution(node.Output[0], node.Input[3], states),
        // backwards: every input element meets every weight of its channel
        ["ConvTranspose"] = (node, states) => Convolution(node.Input[0], node.Input[1], states),
        ["MatMul"] = (node, states) => Product(node, states, node.Input[0], transposed: false),
        ["MatMulInteger"] = (node, states) => Product(node, states, node.Input[0], transposed: false),
        ["QLinearMatMul"] = (node, states) => Product(node, states, node.Input[0], transposed: false),
        ["Gemm"] = (node, states) => Product(node, states, node.Input[0], node.Int("transA", 0) != 0),
        ["FusedGemm"] = (node, states) => Product(node, states, node.Input[0], node.Int("transA", 0) != 0),
        ["FusedMatMul"] = (node, states) => Product(node, states, node.Input[0], node.Int("transA", 0) != 0),
    };

    /// <summary>Elements of a map times the weights of one of its channels.</summary>
    static Extent? Convolution(string map, string weight, Dictionary<string, ValueState> states) =>
        states.GetValueOrDefault(map)?.Shape is { } y && states.GetValueOrDefault(weight)?.Shape is { Length: > 2 } w
            ? Extent.Product(y) * Extent.Product(w[1..])
            : null;

    /// <summary>Elements of the product times the length of the sums.</summary>
    static Extent? Product(NodeProto node, Dictionary<string, ValueState> states, string left, bool transposed) =>
        states.GetValueOrDefault(node.Output[0])?.Shape is { } y && states.GetValueOrDefault(left)?.Shape is { Length: > 0 } a
            ? Extent.Product(y) * (transposed && a.Length > 1 ? a[^2] : a[^1])
            : null;

    /// <summary>Fills in what the image input leaves free.</summary>
    /// <returns>Its batch: one, or what the file fixes, since reshapes inside may state that too.</returns>
    static long FixInput(GraphProto graph, int? size)
    {
        if (ClassifierGraph.ImageIn(new GraphView(graph))?.Type?.TensorType?.Shape is not { Dim.Count: > 0 } shape)
            return 1;
        if (shape.Dim[0].FixedSize() is not > 0)
            shape.Dim[0].DimValue = 1;
        foreach (var dim in shape.Dim.Skip(1))
        {
            if (size is { } pixels && dim.FixedSize() is null)
                dim.DimValue = pixels;
        }
        return shape.Dim[0].DimValue;
    }

    static long CountParameters(GraphProto graph)
    {
        var constants = graph.Node.Where(node => node.OpType == "Constant").Select(node => node.Tensor("value")).OfType<TensorProto>();
        return graph.Initializer.Concat(constants)
            .Where(tensor => (DataType)tensor.DataType is not (DataType.Int64 or DataType.Int32 or DataType.Bool or DataType.String) && tensor.Dims.Count > 0)
            .Sum(tensor => tensor.Dims.Aggregate(1L, (product, dim) => product * dim));
    }
}
