using static OnnxAmalgam.Trainable.Tests.Conformance.Case;
using static OnnxAmalgam.Trainable.Tests.Conformance.ElementTypeSets;
using static OnnxAmalgam.Trainable.Tests.Conformance.Operand;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Tests.Conformance.Cases;

internal static class ReductionCases
{
    public static readonly Case[] All =
    [
        .. Reduce("ReduceSum", 13, Numbers), .. Reduce("ReduceMean", 18, [ScalarType.Float32, ScalarType.Float64, ScalarType.Int32]),
        .. Reduce("ReduceMax", 18, Numbers), .. Reduce("ReduceMin", 18, Numbers),
        .. Reduce("ReduceProd", 18, [ScalarType.Float32, ScalarType.Int32, ScalarType.Int64]), .. Reduce("ReduceL1", 18, [ScalarType.Float32, ScalarType.Int32]),
        .. Reduce("ReduceL2", 18, [ScalarType.Float32, ScalarType.Int32]), .. Reduce("ReduceLogSum", 18, Float, Positive),
        .. Reduce("ReduceLogSumExp", 18, Floating), .. Reduce("ReduceSumSquare", 18, [ScalarType.Float32, ScalarType.Float64, ScalarType.Int32]),
        .. Arg("ArgMax"), .. Arg("ArgMin"),
        new("TopK", X(N, 5)) { Types = Float, To = 9, Outputs = 2, Attributes = [A("k", 3)] },
        new("TopK", X(N, 5, 2)) { Types = Float, To = 9, Outputs = 2, Attributes = [A("k", 3), A("axis", 1)] },
        new("TopK", X(N, 5), Ints(3)) { Types = Float, From = 10, Outputs = 2 },
        new("TopK", X(N, 5, 2), Ints(5)) { Types = Float, From = 10, Outputs = 2, Attributes = [A("axis", 1)] },
        new("TopK", X(N, 5, 2), Ints(2)) { From = 11, Outputs = 2, Attributes = [A("axis", -2), A("largest", 0)] },
        new("TopK", Of([N, 5], 3, 1, 3, 2, 3), Ints(2)) { Types = Whole, From = 11, Outputs = 2, Attributes = [A("sorted", 1)] },
        new("TopK", Of([N, 6], 3, 1, 3, 1, 3, 1), Ints(4)) { HasKink = true, From = 11, Outputs = 2, Attributes = [A("largest", 0)] },
        new("CumSum", X(N, 4, 2), Int(1)) { Types = Numbers },
        new("CumSum", X(N, 4, 2), Int(-1)) { Types = Numbers, Attributes = [A("reverse", 1)] },
        new("CumSum", X(N, 4, 2), Int(1)) { Types = Numbers, Attributes = [A("exclusive", 1)] },
        new("CumSum", X(N, 4, 2), Int(0)) { Types = Numbers, Attributes = [A("exclusive", 1), A("reverse", 1)] },
    ];

    static Case[] Reduce(string type, int byInput, ScalarType[] types, Func<long[], Operand>? draw = null)
    {
        var x = (draw ?? X)([N, 3, 4]);
        return
        [
            new(type, x) { Types = types, Tolerance = 5e-5 },
            new(type, x) { Types = types, To = byInput - 1, Attributes = [A("axes", [1])], Tolerance = 5e-5 },
            new(type, x) { Types = types, From = 11, To = byInput - 1, Attributes = [A("axes", [-1, 0]), A("keepdims", 0)], Tolerance = 5e-5 },
            new(type, x) { Types = types, Attributes = [A("keepdims", 0)], Tolerance = 5e-5 },
            new(type, x, Ints(1)) { Types = types, From = byInput, Tolerance = 5e-5 },
            new(type, x, Ints(-1, 0)) { Types = types, From = byInput, Attributes = [A("keepdims", 0)], Tolerance = 5e-5 },
            new(type, x, Ints()) { Types = types, From = byInput, Attributes = [A("noop_with_empty_axes", 1)], Tolerance = 5e-5 },
            new(type, x) { Types = types, From = byInput, Attributes = [A("noop_with_empty_axes", 1), A("keepdims", 0)], Tolerance = 5e-5 },
            new(type, x, Ints()) { Types = types, From = byInput, Attributes = [A("noop_with_empty_axes", 0)], Tolerance = 5e-5 },
        ];
    }

    static Case[] Arg(string type) =>
    [
        new(type, X(N, 3, 4)) { IsFlat = true },
        new(type, X(N, 3, 4)) { IsFlat = true, Attributes = [A("axis", 2), A("keepdims", 0)] },
        new(type, X(N, 3, 4)) { IsFlat = true, From = 11, Attributes = [A("axis", -2)] },
        new(type, Of([N, 6], 3, 1, 3, 1, 2, 3)) { Types = [ScalarType.Float32, ScalarType.Int32], HasKink = true, Attributes = [A("axis", 1)] },
        new(type, Of([N, 6], 3, 1, 3, 1, 2, 3)) { Types = [ScalarType.Float32, ScalarType.Int32], HasKink = true, From = 12, Attributes = [A("axis", 1), A("select_last_index", 1)] },
        new(type, Of([N, 6], 3, 1, 3, 1, 2, 3)) { Types = Float, HasKink = true, From = 12, Attributes = [A("axis", -1), A("select_last_index", 1), A("keepdims", 0)] },
    ];
}
