using OnnxAmalgam.Trainable.Operators;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Ops;

/// <summary>Elementwise numbers.</summary>
internal static class Arithmetic
{
    public static readonly Operator[] Rows =
    [
        Binary("Add", 7, (a, b) => a.add(b)) with { Joins = true, LeavesOutput = true, Overwrite = AddOver },
        Binary("Sub", 7, (a, b) => a.sub(b)) with { Joins = true },
        Binary("Mul", 7, (a, b) => a.mul(b)) with { Joins = true },
        Binary("Div", 7, Div) with { Joins = true },
        new("Pow", Since: 7, Pow) { Precision = Precision.Full, IsExactInInt64 = true },
        new("Mod", Since: 10, Mod) { Attributes = ["fmod"], IsExactInInt64 = true },
        Unary("Neg", 6, x => x.neg()),
        Unary("Abs", 6, x => x.abs()),
        Unary("Sqrt", 6, x => x.sqrt()),
        Unary("Exp", 6, x => x.exp()) with { Precision = Precision.Full },
        Unary("Log", 6, x => x.log()) with { Precision = Precision.Full },
        Unary("Erf", 9, x => x.erf()),
        Unary("Reciprocal", 6, x => x.reciprocal()),
        Unary("Floor", 6, x => x.floor()),
        Unary("Ceil", 6, x => x.ceil()),
        Unary("Round", 11, x => x.round()),
        Unary("Sign", 9, x => x.sign()),
        Unary("Sin", 7, x => x.sin()),
        Unary("Cos", 7, x => x.cos()),
        Unary("Tan", 7, x => x.tan()),
        Unary("Asin", 7, x => x.asin()),
        Unary("Acos", 7, x => x.acos()),
        Unary("Atan", 7, x => x.atan()),
        Unary("Sinh", 9, x => x.sinh()),
        Unary("Cosh", 9, x => x.cosh()),
        Unary("Tanh", 6, x => x.tanh()),
        Unary("Asinh", 9, x => x.asinh()),
        Unary("Acosh", 9, x => x.acosh()),
        Unary("Atanh", 9, x => x.atanh()),
        Variadic("Min", 6, (a, b) => a.minimum(b)) with { IsExactInInt64 = true },
        Variadic("Max", 6, (a, b) => a.maximum(b)) with { IsExactInInt64 = true },
        Variadic("Sum", 6, (a, b) => a.add(b)),
        new("Mean", Since: 6, _ => Mean),
    ];

    /// <summary>A += B or B += A, where both have one shape and type.</summary>
    static Tensor? AddOver(NodeCall c, int input)
    {
        var (sum, other) = (c[input], c[1 - input]);
        return sum.dtype == other.dtype && sum.shape.AsSpan().SequenceEqual(other.shape) ? sum.add_(other) : null;
    }

    /// <summary>X[*] -> Y[*].</summary>
    internal static Operator Unary(string type, int since, Func<Tensor, Tensor> function) =>
        new(type, since, _ => c => [function(c[0])]);

    /// <summary>A[*], B[*] broadcast against each other -> C.</summary>
    internal static Operator Binary(string type, int since, Func<Tensor, Tensor, Tensor> function) =>
        new(type, since, _ => c => [function(c[0], c[1])]);

    /// <summary>One or more inputs broadcast against each other, folded from the left.</summary>
    static Operator Variadic(string type, int since, Func<Tensor, Tensor, Tensor> function) =>
        new(type, since, _ => c => [Fold(c, function)]);

    static Tensor Fold(NodeCall c, Func<Tensor, Tensor, Tensor> function)
    {
        var result = c[0].alias();
        for (var i = 1; i < c.Count; i++)
        {
            using var left = result;
            result = function(left, c[i]);
        }

        return result;
    }

    /// <summary>A, B -> A / B; integers are cut towards zero.</summary>
    static Tensor Div(Tensor a, Tensor b) =>
        FloatTypes.IsFloat(a.dtype) ? a.div(b) : a.div(b, RoundingMode.trunc);

    /// <summary>Base, Exponent -> power in the base's type. A constant exponent takes libtorch's scalar form, whose gradient is finite at zero.</summary>
    static Kernel Pow(OperatorNode _)
    {
        var kept = new KeptScalar();
        return c => c.ConstantScalar(1) is { } constant && FloatTypes.IsFloat(c[0].dtype) && c[1].dim() == 0 ? [c[0].pow(kept.Of(constant))] : Pow(c);
    }

    static Tensor[] Pow(NodeCall c)
    {
        if (c[0].dtype == c[1].dtype) return [c[0].pow(c[1])];
        using var power = FloatTypes.IsFloat(c[1].dtype) && !FloatTypes.IsFloat(c[0].dtype)
            ? c[0].to_type(ScalarType.Float64).pow(c[1])
            : c[0].pow(c[1].to_type(c[0].dtype));
        return [power.to_type(c[0].dtype, copy: true)];
    }

    /// <summary>A, B -> the remainder, with the sign of B (<c>fmod=0</c>) or of A (<c>fmod=1</c>, the only one for floats).</summary>
    static Kernel Mod(OperatorNode n) => n.Flag("fmod")
        ? c => [c[0].fmod(c[1])]
        : c => [c[0].remainder(c[1])];

    /// <summary>The mean of one or more inputs broadcast against each other.</summary>
    static Tensor[] Mean(NodeCall c)
    {
        using var sum = Fold(c, (a, b) => a.add(b));
        return [sum.div(c.Count)];
    }
}
