using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Graphs.Inference;

/// <summary>Convolutions of every kind.</summary>
internal static class Convolutions
{
    public static readonly FactRule[] Rows =
    [
        new("Conv", c => Convolve(c, 1, c.Type(0))),
        new("FusedConv", c => Convolve(c, 1, c.Type(0)), "com.microsoft"),
        new("ConvInteger", c => Convolve(c, 1, DataType.Int32)),
        new("QLinearConv", c => Convolve(c, 3, c.Type(7))),
        new("ConvTranspose", ConvTranspose),
        new("DeformConv", c => Convolve(c, 1, c.Type(0))),
    ];

    /// <remarks>X[n, c, *], W[m, c/group, k*] -> Y[n, m, *].</remarks>
    static ValueState?[] Convolve(RuleCall c, int weight, DataType type)
    {
        if (c.Shape(0) is not { Length: > 2 } x || Kernel(c, weight) is not var (maps, kernel) || type == DataType.Undefined)
            return RuleCall.Absent;
        return Windows.Slide(c.Node, x, kernel) is { } sizes ? [new ValueState(type, [x[0], maps[0], .. sizes])] : RuleCall.Absent;
    }

    /// <remarks>X[n, c, *], W[c, m/group, k*] -> Y[n, m, *].</remarks>
    static ValueState?[] ConvTranspose(RuleCall c)
    {
        if (c.Shape(0) is not { Length: > 2 } x || Kernel(c, 1) is not var (maps, kernel))
            return RuleCall.Absent;
        return Windows.SlideBack(c.Node, x, kernel) is { } sizes ? c.Like([x[0], maps[1] * c.Node.Int("group", 1), .. sizes]) : RuleCall.Absent;
    }

    static (Extent[] Maps, Extent[] Kernel)? Kernel(RuleCall c, int weight) =>
        c.Shape(weight) is { Length: > 2 } w
            ? (w[..2], c.Node.Ints("kernel_shape") is { } stated ? [.. stated.Select(Extent.Of)] : w[2..])
            : null;
}
