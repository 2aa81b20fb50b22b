using OnnxAmalgam.Trainable.Operators;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Ops;

/// <summary>Comparisons and booleans.</summary>
internal static class Logic
{
    public static readonly Operator[] Rows =
    [
        Arithmetic.Binary("Equal", 7, (a, b) => a.eq(b)) with { IsExactInInt64 = true },
        Arithmetic.Binary("Greater", 7, (a, b) => a.gt(b)) with { IsExactInInt64 = true },
        Arithmetic.Binary("Less", 7, (a, b) => a.lt(b)) with { IsExactInInt64 = true },
        Arithmetic.Binary("GreaterOrEqual", 12, (a, b) => a.ge(b)) with { IsExactInInt64 = true },
        Arithmetic.Binary("LessOrEqual", 12, (a, b) => a.le(b)) with { IsExactInInt64 = true },
        Arithmetic.Binary("And", 7, (a, b) => a.logical_and(b)),
        Arithmetic.Binary("Or", 7, (a, b) => a.logical_or(b)),
        Arithmetic.Binary("Xor", 7, (a, b) => a.logical_xor(b)),
        Arithmetic.Unary("Not", 1, x => x.logical_not()),
        Arithmetic.Unary("IsNaN", 9, x => x.isnan()),
        new("IsInf", Since: 10, IsInf) { Attributes = ["detect_negative", "detect_positive"] },
        Arithmetic.Binary("BitwiseAnd", 18, (a, b) => a.bitwise_and(b)),
        Arithmetic.Binary("BitwiseOr", 18, (a, b) => a.bitwise_or(b)),
        Arithmetic.Binary("BitwiseXor", 18, (a, b) => a.bitwise_xor(b)),
        Arithmetic.Unary("BitwiseNot", 18, x => x.bitwise_not()),
        new("Where", Since: 9, _ => c => [where(c[0], c[1], c[2])]) { IsExactInInt64 = true },
    ];

    /// <summary>X -> whether it is infinite, and of a wanted sign.</summary>
    static Kernel IsInf(OperatorNode n)
    {
        var (negative, positive) = (n.Flag("detect_negative", true), n.Flag("detect_positive", true));
        return c =>
        {
            if (negative && positive) return [c[0].isinf()];
            if (!negative && !positive) return [zeros_like(c[0], ScalarType.Bool)];
            return [negative ? c[0].isneginf() : c[0].isposinf()];
        };
    }
}
