using Onnx;
using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Graphs.Inference;

/// <summary>One application of a rule: the node, what is known of its inputs, and where nameless sizes come from.</summary>
internal sealed class RuleCall(NodeProto node, long opset, IReadOnlyList<ValueState?> inputs, GraphInference engine)
{
    /// <summary>What a rule answers when nothing can be said.</summary>
    public static readonly ValueState?[] Absent = [];

    public NodeProto Node => node;

    /// <summary>Version of the node's operator set that the model imports.</summary>
    public long Opset => opset;

    public GraphInference Engine => engine;

    public int InputCount => inputs.Count;

    public ValueState? Input(int index) => index < inputs.Count ? inputs[index] : null;

    public bool HasInput(int index) => node.InputOrNull(index) is not null;

    public Extent[]? Shape(int index) => Input(index)?.Shape;

    public DataType Type(int index) => Input(index)?.Type ?? DataType.Undefined;

    /// <summary>A size that nothing is known of.</summary>
    public Extent Fresh() => engine.Fresh();

    public Extent[] FreshShape(int rank) => [.. Enumerable.Range(0, rank).Select(_ => Fresh())];

    public long[]? Constants(int index) => Input(index)?.Constants;

    /// <summary>A list that newer operator sets take as an input and older ones as an attribute; null where neither is known.</summary>
    public long[]? InputOrAttribute(int index, string attribute) =>
        HasInput(index) ? Constants(index) : node.Ints(attribute);

    /// <summary>Whether such a list is stated at all (known or not).</summary>
    public bool States(int index, string attribute) => HasInput(index) || node.HasAttribute(attribute);

    /// <summary>The output of a rule with one output of the first input's type.</summary>
    public ValueState?[] Like(Extent[]? shape) => Type(0) == DataType.Undefined ? Absent : [new ValueState(Type(0), shape)];

    /// <summary>An axis counted from the front, or null where it is out of range.</summary>
    public static int? Axis(long axis, int rank)
    {
        var counted = axis < 0 ? axis + rank : axis;
        return counted >= 0 && counted < rank ? (int)counted : null;
    }

    /// <summary>Axes counted from the front, or null where one is out of range.</summary>
    public static int[]? Axes(IEnumerable<long> axes, int rank)
    {
        var counted = axes.Select(axis => Axis(axis, rank)).ToArray();
        return Array.TrueForAll(counted, axis => axis is not null) ? [.. counted.Select(axis => axis!.Value)] : null;
    }
}
