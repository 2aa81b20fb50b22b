using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Graphs.Inference;

/// <summary>Operators that fold axes away.</summary>
internal static class Reductions
{
    static readonly string[] Folds =
    [
        "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare",
    ];

    public static readonly FactRule[] Rows =
    [
        .. Folds.Select(name => new FactRule(name, Fold)),
        new("ArgMax", Arg),
        new("ArgMin", Arg),
        new("TopK", TopK),
    ];

    /// <summary>The axes that a reduction folds: by input or attribute, all when none are stated; null where unknown.</summary>
    public static int[]? AxesOf(RuleCall c, int rank)
    {
        var stated = c.States(1, "axes");
        var axes = c.InputOrAttribute(1, "axes");
        if (stated && axes is null)
            return null;
        if (axes is null or [])
            return c.Node.Int("noop_with_empty_axes", 0) != 0 ? [] : [.. Enumerable.Range(0, rank)];
        return RuleCall.Axes(axes, rank);
    }

    static ValueState?[] Fold(RuleCall c)
    {
        if (c.Input(0) is not { Shape: { } x } state)
            return c.Like(null);
        var keep = c.Node.Int("keepdims", 1) != 0;
        if (AxesOf(c, x.Length) is not { } axes)
            return c.Like(keep ? c.FreshShape(x.Length) : null);
        var folded = new ValueState(state.Type, Without(x, axes, keep));
        return x.Length == 1 && axes is [0] && state.Integers is { } all && c.Node.OpType is "ReduceProd" or "ReduceSum"
            ? [folded with { Integers = Total(c.Node.OpType, state.Integers) }]
            : [folded];
    }

    static Extent[]? Total(string type, Extent[]? all) => all is null ? null
        : [type == "ReduceProd" ? Extent.Product(all) : all.Aggregate(Extent.Of(0), (sum, one) => sum + one)];

    static Extent[] Without(Extent[] x, int[] axes, bool keep) => keep
        ? [.. x.Select((size, i) => axes.Contains(i) ? Extent.Of(1) : size)]
        : [.. x.Where((_, i) => !axes.Contains(i))];

    static ValueState?[] Arg(RuleCall c) =>
        c.Shape(0) is { } x && RuleCall.Axis(c.Node.Int("axis", 0), x.Length) is { } axis
            ? [new ValueState(DataType.Int64, Without(x, [axis], c.Node.Int("keepdims", 1) != 0))]
            : [new ValueState(DataType.Int64, null)];

    /// <remarks>X -> Values and Indices, k along the axis; k is an attribute before opset 10.</remarks>
    static ValueState?[] TopK(RuleCall c)
    {
        if (c.Shape(0) is not { } x || RuleCall.Axis(c.Node.Int("axis", -1), x.Length) is not { } axis)
            return RuleCall.Absent;
        var shape = x.ToArray();
        shape[axis] = c.HasInput(1) ? c.Input(1)?.Integers is [var stated] ? stated : c.Fresh() : c.Node.Int("k") is { } k ? k : c.Fresh();
        return [new ValueState(c.Type(0), shape), new ValueState(DataType.Int64, shape)];
    }
}
