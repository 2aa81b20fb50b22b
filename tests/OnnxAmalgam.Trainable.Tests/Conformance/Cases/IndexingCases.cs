using static OnnxAmalgam.Trainable.Tests.Conformance.Case;
using static OnnxAmalgam.Trainable.Tests.Conformance.ElementTypeSets;
using static OnnxAmalgam.Trainable.Tests.Conformance.Operand;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Tests.Conformance.Cases;

internal static class IndexingCases
{
    public static readonly Case[] All =
    [
        .. Slices(), .. Gathers(), .. Scatters(), .. Pads(),
        new("OneHot", IntsIn([N, 3], 1, 4, -2), Int(5), Of([2], 0.5, 3)) { Types = [ScalarType.Float32, ScalarType.Int64], From = 11 },
        new("OneHot", IntsIn([N, 3], 1, 7, 2), Int(4), Of([2], 0.5, 3)) { Types = [ScalarType.Float32, ScalarType.Int64], Attributes = [A("axis", 1)] },
        new("OneHot", IntsIn([N, 3], 1, 7, 2), Ints(4), Of([2], 0.5, 3)) { Types = Float, Attributes = [A("axis", 0)] },
        new("Compress", X(N, 4), Of([4], 1, 0, 1, 0) with { Type = ScalarType.Bool }) { Types = Numbers, Attributes = [A("axis", 1)] },
        new("Compress", X(N, 4), Of([2], 0, 1) with { Type = ScalarType.Bool }) { From = 11, Attributes = [A("axis", -1)] },
        new("Compress", X(N, 4), Of([3], 0, 1, 1) with { Type = ScalarType.Bool }),
        new("ReverseSequence", X(4, 3, 2), Ints(1, 4, 2)) { Types = Numbers },
        new("ReverseSequence", X(3, 4, 2), Ints(1, 4, 2)) { Attributes = [A("batch_axis", 0), A("time_axis", 1)] },
        new("EyeLike", X(N, 4)) { Types = Numbers, IsFlat = true },
        new("EyeLike", X(N, 4)) { Types = Float, IsFlat = true, Attributes = [A("k", 1), A("dtype", 11)] },
        new("EyeLike", X(4, 3)) { Types = Float, IsFlat = true, Attributes = [A("k", -2), A("dtype", 7)] },
        new("Unique", X(N, 4)) { Types = [ScalarType.Float32, ScalarType.Float64, ScalarType.Int64], LacksFloat16 = true, Outputs = 4, From = 11 },
        new("Unique", Of([N, 7], 2, 1, 1, 3, 4, 3, 2)) { Types = Float, HasKink = true, LacksFloat16 = true, Outputs = 4, Attributes = [A("sorted", 0)] },
        new("Unique", Of([4, N, 2], 2, 1, 1, 3, 4, 3, 2, 1)) { Types = Float, HasKink = true, LacksFloat16 = true, Outputs = 4, Attributes = [A("sorted", 1), A("axis", 0)] },
        new("Unique", Of([N, 4, 2], 1, 0, 1, 0, 2, 3, 1, 0)) { Types = Float, HasKink = true, LacksFloat16 = true, Outputs = 4, Attributes = [A("sorted", 0), A("axis", -2)] },
        new("NonZero", Of([N, 3], 0, 2, 3, 0, 0, 1)) { Types = [ScalarType.Float32, ScalarType.Int64], IsFlat = true },
        new("Trilu", X(N, 3, 4)) { Types = [ScalarType.Float32, ScalarType.Float64, ScalarType.Int64] },
        new("Trilu", X(N, 4, 3), Int(1)) { Types = Float },
        new("Trilu", X(N, 4, 3), Int(-1)) { Types = Float, Attributes = [A("upper", 0)] },
    ];

    static Case[] Slices() =>
    [
        new("Slice", X(N, 5, 6)) { To = 9, Attributes = [A("starts", [1, 2]), A("ends", [3, 100]), A("axes", [1, 2])] },
        new("Slice", X(4, 5, N)) { To = 9, Attributes = [A("starts", [1, -3]), A("ends", [3, -1])] },
        new("Slice", X(N, 5, 6), Ints(1, -4), Ints(3, 100), Ints(1, -1)) { From = 10, Types = Numbers },
        new("Slice", X(4, 5, N), Ints(1, 2), Ints(3, 100)) { From = 10 },
        new("Slice", X(N, 5, 6), Ints(0, 5), Ints(5, 0), Ints(1, 2), Ints(2, -2)) { From = 10 },
        new("Slice", X(N, 5, 6), Ints(-1, 100), Ints(-100, -100), Ints(1, 2), Ints(-1, -3)) { From = 10 },
        new("Slice", X(N, 5), Ints(4), Ints(2), Ints(1)) { From = 10, IsFlat = true },
    ];

    static Case[] Gathers() =>
    [
        new("Gather", X(5, 3), IntsIn([N, 2], 4, 0, 2)) { Types = Numbers },
        new("Gather", X(N, 5, 3), Ints(1, 4, 1)) { Attributes = [A("axis", 1)] },
        new("Gather", X(N, 5, 3), Int(2)) { Attributes = [A("axis", 1)] },
        new("Gather", X(N, 5, 3), Int(-1)) { From = 11, Attributes = [A("axis", -2)] },
        new("Gather", X(N, 5, 3), IntsIn([2, 2], -1, 2, 0) with { Type = ScalarType.Int32 }) { From = 11, Attributes = [A("axis", -1)] },
        new("GatherElements", X(3, 4), IntsIn([2, 4], 0, 2, -1, 1)) { Types = Numbers },
        new("GatherElements", X(N, 4), IntsIn([N, 3], 0, 3, -1, 1)) { Attributes = [A("axis", 1)] },
        new("GatherElements", X(N, 4, 2), IntsIn([N, 5, 2], 0, 3, -1, 1)) { Attributes = [A("axis", -2)] },
        new("GatherND", X(3, 4, 2), IntsIn([N, 2], 2, 1, 0, -1)),
        new("GatherND", X(3, 4, 2), IntsIn([N, 2, 3], 2, 1, 0, 0, 3, 1)),
        new("GatherND", X(N, 4, 2), IntsIn([N, 1], 2, 1, 3)) { From = 12, Attributes = [A("batch_dims", 1)] },
        new("GatherND", X(2, 3, 4), IntsIn([2, 3, 2, 1], 2, 1, 0)) { From = 12, Attributes = [A("batch_dims", 2)] },
    ];

    static Case[] Scatters() =>
    [
        new("Scatter", X(3, 4), IntsIn([2, 3], 2, 0, 1, 0, 1, 2), X(2, 3)) { To = 10 },
        new("Scatter", X(N, 4), IntsIn([N, 2], 3, 0), X(N, 2)) { To = 10, Attributes = [A("axis", 1)] },
        new("ScatterElements", X(3, 4), IntsIn([2, 3], 2, 0, 1, 0, 1, 2), X(2, 3)) { Types = Numbers },
        new("ScatterElements", X(N, 4), IntsIn([N, 2], 3, -4), X(N, 2)) { Attributes = [A("axis", -1)] },
        new("ScatterElements", X(N, 4), IntsIn([N, 3], 3, -4, 3), X(N, 3)) { From = 16, LacksFloat16 = true, Attributes = [A("axis", 1), A("reduction", "add")] },
        new("ScatterND", X(4, 3), IntsIn([2, 1], 2, 0), X(2, 3)) { Types = Numbers },
        new("ScatterND", X(N, 4, 3), IntsIn([2, 3], 0, 3, -1, 0, 0, 1), X(2)),
        .. ((string[])["mul", "min", "max"]).SelectMany(reduction => (Case[])
        [
            new("ScatterElements", X(N, 4), IntsIn([N, 3], 3, -4, 3), X(N, 3)) { Types = Numbers, From = reduction == "mul" ? 16 : 18, LacksFloat16 = true, Attributes = [A("axis", 1), A("reduction", reduction)] },
            new("ScatterElements", X(4, 3), IntsIn([3, 2], 3, 0, 3, 1, 2, 0), X(3, 2)) { From = reduction == "mul" ? 16 : 18, LacksFloat16 = true, Attributes = [A("reduction", reduction)] },
            new("ScatterND", X(4, 3), IntsIn([3, 1], 2, 0, 2), X(3, 3)) { From = reduction == "mul" ? 16 : 18, LacksFloat16 = true, Attributes = [A("reduction", reduction)] },
            new("ScatterND", X(N, 4, 3), IntsIn([2, 2, 2], 0, 3, 0, 1, 0, -1, 0, 2), X(2, 2, 3)) { From = reduction == "mul" ? 16 : 18, LacksFloat16 = true, Attributes = [A("reduction", reduction)] },
        ]),
        new("ScatterND", X(4, 3), IntsIn([3, 1], 2, 0, 2), X(3, 3)) { From = 16, LacksFloat16 = true, Attributes = [A("reduction", "add")] },
    ];

    static Case[] Pads()
    {
        string[] modes = ["constant", "reflect", "edge"];
        return
        [
            .. modes.Select(mode => new Case("Pad", X(N, 3, 4)) { To = 10, Attributes = [A("mode", mode), A("pads", [0, 1, 2, 0, 2, 1])] }),
            new("Pad", X(N, 3, 4)) { To = 10, Attributes = [A("pads", [0, 1, 0, 1, 0, 0]), A("value", 1.5f)] },
            new("Pad", X(N, 3, 4)) { To = 10, Attributes = [A("pads", [0, 1, -1, 0, 0, -1])] },
            .. modes.Select(mode => new Case("Pad", X(N, 2, 3, 4), Ints(0, 0, 1, 2, 0, 0, 2, 3)) { From = 11, Attributes = [A("mode", mode)] }),
            new("Pad", X(N, 3, 4), Ints(1, 1, 2, 0, 2, 1), Scalar(1.5)) { From = 11, Types = Numbers },
            new("Pad", X(N, 3, 4), Ints(0, -1, 2, 0, 2, -2)) { From = 11 },
            new("Pad", X(N, 3, 4), Ints(1, 2, 0, 1), Scalar(1.5), Ints(-1, 1)) { From = 18 },
            new("Pad", X(N, 3, 4), Ints(1, 1), None, Ints(2)) { From = 18, Attributes = [A("mode", "edge")] },
            new("Pad", X(N, 3, 4), Ints(0, 1, 2, 0, 2, 1)) { From = 19, Attributes = [A("mode", "wrap")] },
            new("Pad", X(N, 3, 4), Ints(0, -1, 1, 0, 1, -1)) { From = 11, Attributes = [A("mode", "edge")] },
        ];
    }
}
