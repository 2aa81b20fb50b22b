using OnnxAmalgam.Trainable.Operators;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Ops;

/// <summary>Comparisons and booleans.</summary>
internal static class Logic
{
    public static readonly Operator[] Rows =
    [
        Arithmetic.Binary("Equal", 7, (a, b) => a.eq(b)),
        Arithmetic.Binary("Greater", 7, (a, b) => a.gt(b)),
        Arithmetic.Binary("Less", 7, (a, b) => a.lt(b)),
        Arithmetic.Binary("GreaterOrEqual", 12, (a, b) => a.ge(b)),
        Arithmetic.Binary("LessOrEqual", 12, (a, b) => a.le(b)),
        Arithmetic.Binary("And", 7, (a, b) => a.logical_and(b)),
        Arithmetic.Binary("Or", 7, (a, b) => a.logical_or(b)),
        Arithmetic.Binary("Xor", 7, (a, b) => a.logical_xor(b)),
        Arithmetic.Unary("Not", 1, x => x.logical_not()),
        Arithmetic.Unary("IsNaN", 9, x => x.isnan()),
        new("Where", Since: 9, _ => c => [where(c[0], c[1], c[2])]),
    ];
}
