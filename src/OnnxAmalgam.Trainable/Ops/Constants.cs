using OnnxAmalgam.Graphs;
using OnnxAmalgam.Trainable.Operators;
using static TorchSharp.torch;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxAmalgam.Trainable.Ops;

/// <summary>Values that come from attributes or numbers, and types.</summary>
internal static class Constants
{
    const string NotDense = "`sparse_value`, `value_string`, `value_strings`";

    public static readonly Operator[] Rows =
    [
        new("Constant", Since: 1, Constant) { Attributes = ["value"], Refuses = NotDense, IsExactInInt64 = true },
        new("Constant", Since: 12, Constant) { Attributes = ["value", "value_float", "value_floats", "value_int", "value_ints"], Refuses = NotDense, IsExactInInt64 = true },
        new("ConstantOfShape", Since: 9, ConstantOfShape) { Attributes = ["value"], Host = [0] },
        new("Range", Since: 11, _ => Range) { Host = [0, 1, 2] },
        new("Cast", Since: 6, Cast) { Attributes = ["to"], IsExactInInt64 = true },
        new("Cast", Since: 19, Cast) { Attributes = ["to", "saturate"], Ignored = ["saturate"], IsExactInInt64 = true },
        new("CastLike", Since: 15, _ => c => [As(c[0], c[1].dtype)]),
        new("CastLike", Since: 19, _ => c => [As(c[0], c[1].dtype)]) { Attributes = ["saturate"], Ignored = ["saturate"] },
    ];

    /// <summary>The attribute's tensor, list or number.</summary>
    static Kernel Constant(OperatorNode n)
    {
        if (n.Tensor("value") is { } value)
        {
            if (n.Refusal(value) is { } reason) throw new UnsupportedAttributeException(reason);
            return _ => [n.ToTorch(value)];
        }

        var type = n.Floats.Of(ScalarType.Float32);
        if (n.Declares("value_ints"))
        {
            if (n.Ints("value_ints") is { } ints) return _ => [tensor(ints)];
            if (n.Floats32("value_floats") is { } floats) return _ => [tensor(floats, type)];
            if (n.Int("value_int") is { } integer) return _ => [tensor(integer)];
            if (n.Float("value_float") is { } number) return _ => [tensor(number, type)];
        }

        throw OperatorNode.Refuse("value", "a tensor, or numbers", "none");
    }

    /// <summary>Shape -> a tensor of that shape filled with the attribute's one element (default 0, float32).</summary>
    static Kernel ConstantOfShape(OperatorNode n)
    {
        var value = n.Tensor("value");
        if (value is not null && n.Refusal(value) is { } reason) throw new UnsupportedAttributeException(reason);
        return c =>
        {
            if (value is null) return [zeros(c.Ints(0), n.Floats.Of(ScalarType.Float32))];
            using var one = n.ToTorch(value);
            return [one.reshape(new long[c.Ints(0).Length].Select(_ => 1L).ToArray()).expand(c.Ints(0)).clone()];
        };
    }

    /// <summary>Start, Limit, Delta -> Start, Start + Delta, ... before Limit.</summary>
    static Tensor[] Range(NodeCall c)
    {
        var type = c[0].dtype;
        var (start, limit, delta) = (c.Numbers(0)[0], c.Numbers(1)[0], c.Numbers(2)[0]);
        var count = Math.Max(0, (long)Math.Ceiling((limit - start) / delta));
        using var scope = NewDisposeScope();
        return [arange(count, dtype: ScalarType.Float64).mul(delta).add(start).to_type(type, copy: true).MoveToOuterDisposeScope()];
    }

    /// <summary>X -> X in another type; floats become the float type that the graph computes in.</summary>
    static Kernel Cast(OperatorNode n)
    {
        var to = (DataType)n.Int("to", 0);
        if (TensorProtos.IsUnsigned(to)) return c => [Unsigned(c[0], to)];
        var type = n.Type("to", DataType.Undefined);
        return c => [As(c[0], type)];
    }

    /// <summary>In int64; numbers that the type lacks wrap around.</summary>
    static Tensor Unsigned(Tensor x, DataType type)
    {
        using var scope = NewDisposeScope();
        var whole = As(x, ScalarType.Int64);
        if (type != DataType.Uint64) return whole.bitwise_and(tensor((1L << ElementTypes.Bits(type)) - 1)).MoveToOuterDisposeScope();
        if (whole.lt(0).any().item<bool>()) throw new ArgumentException("expected numbers from 0 to 2^63 - 1 for uint64, got a negative one");
        return whole.MoveToOuterDisposeScope();
    }

    static Tensor As(Tensor x, ScalarType type) => x.dtype == type ? x.alias() : x.to_type(type);
}
