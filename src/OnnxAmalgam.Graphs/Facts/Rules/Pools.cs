using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Graphs.Inference;

/// <summary>Pooling over windows or the whole map.</summary>
internal static class Pools
{
    public static readonly FactRule[] Rows =
    [
        new("MaxPool", c => Windowed(c, c.Type(0))),
        new("AveragePool", c => Windowed(c, c.Type(0))),
        new("LpPool", c => Windowed(c, c.Type(0))),
        new("GlobalAveragePool", Global),
        new("GlobalMaxPool", Global),
        new("GlobalLpPool", Global),
        new("QLinearGlobalAveragePool", Global, "com.microsoft"),
        new("QLinearAveragePool", c => Windowed(c, c.Type(0)), "com.microsoft"),
        new("MaxRoiPool", MaxRoiPool),
    ];

    /// <remarks>X[n, c, *] -> Y[n, c, *] and, for MaxPool, Indices like Y.</remarks>
    static ValueState?[] Windowed(RuleCall c, DataType type)
    {
        if (c.Shape(0) is not { Length: > 2 } x || c.Node.Ints("kernel_shape") is not { } kernel
            || Windows.Slide(c.Node, x, [.. kernel.Select(Extent.Of)]) is not { } sizes)
            return RuleCall.Absent;
        Extent[] shape = [x[0], x[1], .. sizes];
        return [new ValueState(type, shape), new ValueState(DataType.Int64, shape)];
    }

    /// <remarks>X[n, c, *] -> Y[n, c, 1...].</remarks>
    static ValueState?[] Global(RuleCall c)
    {
        if (c.Shape(0) is not { Length: > 2 } x)
            return RuleCall.Absent;
        return c.Node.Int("channels_last", 0) != 0
            ? c.Like([x[0], .. Enumerable.Repeat(Extent.Of(1), x.Length - 2), x[^1]])
            : c.Like([x[0], x[1], .. Enumerable.Repeat(Extent.Of(1), x.Length - 2)]);
    }

    static ValueState?[] MaxRoiPool(RuleCall c) =>
        c.Shape(0) is [_, var maps, ..] && c.Shape(1) is [var rois, ..] && c.Node.Ints("pooled_shape") is { } sizes
            ? c.Like([rois, maps, .. sizes.Select(Extent.Of)])
            : RuleCall.Absent;
}
