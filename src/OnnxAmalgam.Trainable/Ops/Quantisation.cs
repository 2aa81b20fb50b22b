using OnnxAmalgam.Trainable.Operators;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Ops;

/// <summary>Quantisation with a straight-through gradient, so that a model with QuantizeLinear and DequantizeLinear pairs trains with
/// the rounding in place.</summary>
internal static class Quantisation
{
    public static readonly Operator[] Rows =
    [
        Quantize(10), Quantize(13, "axis"), Quantize(19, "axis", "saturate"), Quantize(21, "axis", "block_size", "output_dtype", "saturate"),
        Quantize(23, "axis", "block_size", "output_dtype", "precision", "saturate"),
        new("DynamicQuantizeLinear", Since: 11, _ => DynamicQuantizeLinear) { MaxOutputs = 3, Precision = Precision.Full },
        Dequantize(10), Dequantize(13, "axis"), Dequantize(21, "axis", "block_size"), Dequantize(23, "axis", "block_size", "output_dtype"),
    ];

    static Operator Quantize(int since, params string[] attributes) => new("QuantizeLinear", since, QuantizeLinear)
    {
        Attributes = attributes,
        Ignored = ["saturate"],
        Formats = [1, 2],
        Refuses = attributes.Contains("precision") ? "`precision` other than float32" : "",
        Precision = Precision.Full,
    };

    static Operator Dequantize(int since, params string[] attributes) => new("DequantizeLinear", since, DequantizeLinear)
    {
        Attributes = attributes,
        Formats = [1, 2],
        Precision = Precision.Full,
        Refuses = attributes.Contains("output_dtype") ? "`output_dtype` other than float32" : "",
    };

    /// <summary>X, Scale, ZeroPoint? -> round(X / Scale) + ZeroPoint within the integer type's limits.</summary>
    /// <remarks>Where a gradient is asked for, the integers are kept in X's float type: rounding passes the gradient on, the limits stop it.</remarks>
    static Kernel QuantizeLinear(OperatorNode n)
    {
        var spread = Spread(n);
        var wanted = n.Declares("output_dtype") && n.Int("output_dtype", 0) != 0 ? n.Type("output_dtype", Onnx.TensorProto.Types.DataType.Uint8) : (ScalarType?)null;
        if (n.Declares("precision") && n.Int("precision", 0) is not (0 or 1) and var precision) throw OperatorNode.Refuse("precision", "0 or 1 (float32)", $"{precision}");
        return c =>
        {
            using var scope = NewDisposeScope();
            var type = c.Optional(2)?.dtype ?? wanted ?? ScalarType.Byte;
            var (least, most) = Limits(type);
            var scaled = c[0].div(spread(c[1], c[0]));
            var rounded = Rounded(scaled);
            var moved = c.Optional(2) is { } zero ? rounded.add(spread(zero, c[0]).to_type(c[0].dtype)) : rounded;
            var result = moved.clamp(least, most);
            return [(scaled.requires_grad ? result : result.to_type(type)).MoveToOuterDisposeScope()];
        };
    }

    /// <summary>X -> X in uint8 over the range that it has, 0 included; the scale; the zero point.</summary>
    /// <remarks>The gradient passes the rounding as in QuantizeLinear; the range itself carries none.</remarks>
    static Tensor[] DynamicQuantizeLinear(NodeCall c)
    {
        using var scope = NewDisposeScope();
        var x = c[0].detach();
        var (least, most) = (x.min().clamp_max(0), x.max().clamp_min(0));
        var scale = most.sub(least).div(byte.MaxValue);
        scale = where(scale.eq(0), ones_like(scale), scale);
        var zero = least.neg().div(scale).round().clamp(0, byte.MaxValue);
        var result = Rounded(c[0].div(scale)).add(zero).clamp(0, byte.MaxValue);
        Tensor[] results = [c[0].requires_grad ? result : result.to_type(ScalarType.Byte), scale, zero.to_type(ScalarType.Byte)];
        foreach (var made in results) made.MoveToOuterDisposeScope();
        return results;
    }

    /// <summary>X rounded; where a gradient is asked for, it passes.</summary>
    static Tensor Rounded(Tensor x) => x.requires_grad ? x.add(x.detach().round().sub(x.detach())) : x.round();

    /// <summary>X, Scale, ZeroPoint? -> (X - ZeroPoint) Scale in Scale's type.</summary>
    static Kernel DequantizeLinear(OperatorNode n)
    {
        var spread = Spread(n);
        if (n.Declares("output_dtype") && n.Int("output_dtype", 0) is not (0 or 1) and var type) throw OperatorNode.Refuse("output_dtype", "0 or 1 (float32)", $"{type}");
        return c =>
        {
            using var scope = NewDisposeScope();
            var x = FloatTypes.IsFloat(c[0].dtype) ? c[0] : c[0].to_type(c[1].dtype);
            if (c.Optional(2) is { } zero) x = x.sub(spread(zero, c[0]).to_type(c[1].dtype));
            return [x.mul(spread(c[1], c[0])).MoveToOuterDisposeScope()];
        };
    }

    /// <summary>Scales or zero points of a whole tensor, of one axis, or of blocks along one, in a shape that broadcasts to X.</summary>
    static Func<Tensor, Tensor, Tensor> Spread(OperatorNode n)
    {
        var axis = n.Declares("axis") ? n.Int("axis", 1) : 1;
        var block = n.Declares("block_size") ? n.Int("block_size", 0) : 0;
        return (values, x) =>
        {
            if (values.numel() == 1 && block == 0) return values.reshape([]);
            var at = (int)Axes.Normal(axis, (int)x.dim());
            if (block > 0) return values.repeat_interleave(block, at).narrow(at, 0, x.shape[at]);
            var shape = new long[x.dim()];
            Array.Fill(shape, 1);
            shape[at] = values.numel();
            return values.reshape(shape);
        };
    }

    static (double Least, double Most) Limits(ScalarType type) => type switch
    {
        ScalarType.Byte => (byte.MinValue, byte.MaxValue),
        ScalarType.Int8 => (sbyte.MinValue, sbyte.MaxValue),
        ScalarType.Int16 => (short.MinValue, short.MaxValue),
        _ => throw new ArgumentException($"expected uint8, int8 or int16, got {type}"),
    };
}
