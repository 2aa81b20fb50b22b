using static OnnxAmalgam.Trainable.Tests.Conformance.Case;
using static OnnxAmalgam.Trainable.Tests.Conformance.ElementTypeSets;
using static OnnxAmalgam.Trainable.Tests.Conformance.Operand;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Tests.Conformance.Cases;

internal static class ArithmeticCases
{
    public static readonly Case[] All =
    [
        .. Binary("Add"), .. Binary("Sub"), .. Binary("Mul"),
        new("Add", X(N, 3), X()) { Types = Numbers },
        new("Div", X(N, 3, 4), Positive(4)) { Types = Numbers },
        new("Div", X(N, 3, 4), Of([2, 1, 1, 1], 2, -3)) { Types = Numbers },
        new("Div", X(3, 1), Positive(N, 3, 4)) { Types = Numbers },
        new("Pow", Positive(N, 3, 4), X(4)),
        new("Pow", X(N, 3, 4), Scalar(2)),
        new("Pow", X(N, 3, 4), Scalar(3)) { Types = Numbers, From = 12 },
        new("Pow", Positive(N, 3, 4), Of([1], 0.5)),
        new("Pow", X(N, 4), Int(2)) { From = 12 },
        new("Pow", Positive(N, 4) with { Type = ScalarType.Int64 }, Of([4], 0.5, 1.5, 2, 3)) { Types = Float, From = 12, IsFlat = true },
        new("Mod", X(N, 3, 4), Of([4], 2, -3, 5, -2)) { Types = Whole },
        new("Mod", X(N, 3, 4), Of([4], 2, -3, 5, -2)) { Types = Whole, Attributes = [A("fmod", 1)] },
        new("Mod", X(N, 3, 4), Of([4], 1.3, -0.7, 5, -2)) { Attributes = [A("fmod", 1)] },
        new("Neg", X(N, 3, 4)) { Types = Numbers },
        new("Abs", X(N, 3, 4)) { Types = Numbers },
        new("Sqrt", Positive(N, 3, 4)),
        new("Exp", X(N, 3, 4)),
        new("Log", Positive(N, 3, 4)),
        new("Erf", X(N, 3, 4)) { Types = Float },
        new("Reciprocal", Positive(N, 3, 4)),
        new("Floor", X(N, 3, 4)) { IsFlat = true },
        new("Ceil", X(N, 3, 4)) { IsFlat = true },
        new("Round", X(N, 3, 4)) { IsFlat = true },
        new("Round", Of([N, 6], 0.5, 1.5, 2.5, -0.5, -1.5, -2.5)) { HasKink = true },
        new("Sign", X(N, 3, 4)) { Types = Numbers, IsFlat = true },
        new("Sin", X(N, 3, 4)),
        new("Cos", X(N, 3, 4)),
        new("Tan", Between(-1, 1, N, 3, 4)) { Types = Float },
        new("Asin", Between(-0.9, 0.9, N, 3, 4)) { Types = Float },
        new("Acos", Between(-0.9, 0.9, N, 3, 4)) { Types = Float },
        new("Atan", X(N, 3, 4)) { Types = Float },
        new("Sinh", X(N, 3, 4)) { Types = Float },
        new("Cosh", X(N, 3, 4)) { Types = Float },
        new("Tanh", X(N, 3, 4)),
        new("Asinh", X(N, 3, 4)) { Types = Float },
        new("Acosh", Between(1.1, 3, N, 3, 4)) { Types = Float },
        new("Atanh", Between(-0.9, 0.9, N, 3, 4)) { Types = Float },
        .. Variadic("Min"), .. Variadic("Max"), .. Variadic("Sum"), .. Variadic("Mean"),
        new("Min", X(N, 4), X(N, 4)) { Types = Whole, From = 12 },
        new("Max", X(N, 4), X(1, 4)) { Types = Whole, From = 12 },
    ];

    static Case[] Binary(string type) =>
    [
        new(type, X(N, 3, 4), X(N, 3, 4)) { Types = Numbers },
        new(type, X(N, 3, 4), X(4)) { Types = Numbers },
        new(type, X(3, 1), X(N, 1, 4)) { Types = Numbers },
    ];

    static Case[] Variadic(string type) =>
    [
        new(type, X(N, 3, 4)) { Types = Float },
        new(type, X(N, 3, 4), X(N, 3, 4)) { Types = Float },
        new(type, X(N, 1, 4), X(3, 1), X(4)) { Types = Float, From = 8 },
    ];
}
