using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Graphs.Inference;

/// <summary>To and from small integers; shapes stay.</summary>
internal static class Quantisation
{
    public static readonly FactRule[] Rows =
    [
        new("QuantizeLinear", Quantize),
        new("DequantizeLinear", Dequantize),
        new("DynamicQuantizeLinear", Dynamic),
        new("QuantizeLinear", Quantize, "com.microsoft"),
        new("DequantizeLinear", Dequantize, "com.microsoft"),
        new("QLinearAdd", c => Broadcast(c, 3), "com.microsoft"),
        new("QLinearMul", c => Broadcast(c, 3), "com.microsoft"),
        new("QLinearSigmoid", c => c.Like(c.Shape(0)), "com.microsoft"),
        new("QLinearLeakyRelu", c => c.Like(c.Shape(0)), "com.microsoft"),
    ];

    static ValueState?[] Quantize(RuleCall c)
    {
        var type = c.HasInput(2) ? c.Type(2) : (DataType)c.Node.Int("output_dtype", (long)DataType.Uint8);
        return type == DataType.Undefined ? RuleCall.Absent : [new ValueState(type, c.Shape(0))];
    }

    static ValueState?[] Dequantize(RuleCall c) =>
        c.Type(1) == DataType.Undefined ? RuleCall.Absent : [new ValueState(c.Type(1), c.Shape(0))];

    static ValueState?[] Dynamic(RuleCall c) =>
        [new ValueState(DataType.Uint8, c.Shape(0)), new ValueState(DataType.Float, []), new ValueState(DataType.Uint8, [])];

    static ValueState?[] Broadcast(RuleCall c, int second) =>
        c.Shape(0) is { } a && c.Shape(second) is { } b ? c.Like(Elementwise.BroadcastShapes(a, b, c.Engine)) : c.Like(null);
}
