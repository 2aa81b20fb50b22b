using static OnnxAmalgam.Trainable.Tests.Conformance.Case;
using static OnnxAmalgam.Trainable.Tests.Conformance.ElementTypeSets;
using static OnnxAmalgam.Trainable.Tests.Conformance.Operand;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Tests.Conformance.Cases;

internal static class LogicCases
{
    static readonly ScalarType[] Truth = [ScalarType.Bool];

    public static readonly Case[] All =
    [
        new("Equal", Of([N, 4], 1, 2, 3, 4), Of([4], 1, 3, 3, 2)) { Types = Numbers, From = 11, IsFlat = true },
        new("Equal", Of([N, 4], 1, 2, 3, 4), Of([4], 1, 3, 3, 2)) { Types = Whole, IsFlat = true },
        .. Comparison("Greater", 9), .. Comparison("Less", 9), .. Comparison("GreaterOrEqual", 12), .. Comparison("LessOrEqual", 12),
        .. Logical("And"), .. Logical("Or"), .. Logical("Xor"),
        new("Not", Bools(N, 4)) { Types = Truth },
        new("IsNaN", Of([N, 4], 1, double.NaN, double.PositiveInfinity, 0)) { IsFlat = true },
        .. ((long[])[0, 1]).SelectMany(negative => ((long[])[0, 1]).Select(positive => new Case("IsInf", Infinite) { IsFlat = true, Attributes = [A("detect_negative", negative), A("detect_positive", positive)] })),
        new("IsInf", Infinite) { IsFlat = true },
        .. ((string[])["BitwiseAnd", "BitwiseOr", "BitwiseXor"]).Select(type => new Case(type, X(N, 3, 4), X(4)) { Types = Whole }),
        new("BitwiseNot", X(N, 4)) { Types = Whole },
        new("Where", Bools(N, 3, 4), X(N, 3, 4), X(N, 3, 4)) { Types = [ScalarType.Float32, ScalarType.Int64] },
        new("Where", Bools(3, 1), X(N, 1, 4), X()) { Types = [ScalarType.Float32, ScalarType.Int64] },
    ];

    static Operand Infinite => Of([N, 4], 1, double.NaN, double.PositiveInfinity, double.NegativeInfinity);

    static Case[] Comparison(string type, int whole) =>
    [
        new(type, X(N, 3, 4), X(4)) { IsFlat = true },
        new(type, Of([N, 4], 1, 2, 3, 4), Of([4], 1, 3, 3, 2)) { Types = Whole, From = whole, IsFlat = true },
        new(type, Of([N, 4], 1, 2, 3, 4), Of([4], 1, 3, 3, 2)) { HasKink = true },
    ];

    static Case[] Logical(string type) => [new(type, Bools(N, 4), Of([4], 1, 1, 0, 0)) { Types = Truth }, new(type, Bools(3, 1), Of([N, 1, 4], 1, 0)) { Types = Truth }];
}
