using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Graphs.Inference;

/// <summary>Normalisations: the first output has the shape of the first input.</summary>
internal static class Normalisations
{
    public static readonly FactRule[] Rows =
    [
        new("BatchNormalization", BatchNormalization),
        .. new[] { "InstanceNormalization", "GroupNormalization", "LRN", "LpNormalization", "MeanVarianceNormalization", "RMSNormalization" }
            .Select(name => new FactRule(name, c => c.Like(c.Shape(0)))),
        new("LayerNormalization", LayerNormalization),
        new("Dropout", Dropout),
        new("SimplifiedLayerNormalization", LayerNormalization),
        new("SkipLayerNormalization", SkipLayerNormalization, "com.microsoft"),
        new("SkipSimplifiedLayerNormalization", SkipLayerNormalization, "com.microsoft"),
        new("GroupNorm", c => c.Like(c.Shape(0)), "com.microsoft"),
    ];

    /// <remarks>X[n, c, *] -> Y like X, running statistics [c].</remarks>
    static ValueState?[] BatchNormalization(RuleCall c)
    {
        if (c.Input(0) is not { } x)
            return RuleCall.Absent;
        return [new ValueState(x.Type, x.Shape), .. Enumerable.Range(3, 2).Select(i => c.Input(i) is { } one ? new ValueState(one.Type, one.Shape) : null)];
    }

    /// <remarks>X[*] -> Y like X; Mean and InvStdDev with 1 from the axis on.</remarks>
    static ValueState?[] LayerNormalization(RuleCall c)
    {
        if (c.Shape(0) is not { } x || RuleCall.Axis(c.Node.Int("axis", -1), x.Length) is not { } axis)
            return c.Like(c.Shape(0));
        var statistic = new ValueState(DataType.Float, [.. x[..axis], .. Enumerable.Repeat(Extent.Of(1), x.Length - axis)]);
        return [new ValueState(c.Type(0), x), statistic, statistic];
    }

    static ValueState?[] SkipLayerNormalization(RuleCall c) =>
        c.Input(0) is { } x ? [new ValueState(x.Type, x.Shape), null, null, new ValueState(x.Type, x.Shape)] : RuleCall.Absent;

    static ValueState?[] Dropout(RuleCall c) =>
        c.Input(0) is { } x ? [x, new ValueState(c.Opset >= 10 ? DataType.Bool : x.Type, x.Shape)] : RuleCall.Absent;
}
