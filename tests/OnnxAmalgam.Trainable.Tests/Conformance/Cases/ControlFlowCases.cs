using static OnnxAmalgam.Trainable.Tests.Conformance.Case;
using static OnnxAmalgam.Trainable.Tests.Conformance.ElementTypeSets;
using static OnnxAmalgam.Trainable.Tests.Conformance.Operand;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Tests.Conformance.Cases;

internal static class ControlFlowCases
{
    public static readonly Case[] All =
    [
        .. ((double[])[0, 1]).Select(condition => new Case("If", Truth(condition), X(N, 4), X(4, 3)) { From = 7, Types = Float, Captured = 2, Attributes = [A("then_branch", Then), A("else_branch", Otherwise)] }),
        new("Loop", Int(3), Truth(1), X(N, 4), Between(-0.5, 0.5, 4, 4)) { Types = Float, LacksFloat16 = true, From = 9, Captured = 1, Outputs = 2, Attributes = [A("body", Body(untilRound: 100))] },
        new("Loop", Int(100), None, X(N, 4), Between(-0.5, 0.5, 4, 4)) { Types = Float, LacksFloat16 = true, From = 9, Captured = 1, Outputs = 2, Attributes = [A("body", Body(untilRound: 2))] },
        new("Loop", Int(0), Truth(1), X(N, 4), X(4, 4)) { Types = Float, LacksFloat16 = true, From = 9, Captured = 1, Attributes = [A("body", Body(untilRound: 100, gives: false))] },
        new("Scan", None, X(N, 3, 4), X(N, 5, 3, 4), X(N, 5, 4)) { Types = Float, LacksFloat16 = true, To = 8, Outputs = 2, Attributes = [A("num_scan_inputs", 2), A("body", Step)] },
        new("Scan", None, X(N, 3, 4), X(N, 5, 3, 4), X(N, 5, 4)) { Types = Float, LacksFloat16 = true, To = 8, Outputs = 2, Attributes = [A("num_scan_inputs", 2), A("body", Step), A("directions", [1L, 0L])] },
        new("Scan", X(3, 4), X(5, 3, 4), X(5, 4)) { Types = Float, LacksFloat16 = true, Outputs = 2, From = 9, Attributes = [A("num_scan_inputs", 2), A("body", Step)] },
        new("Scan", X(3, 4), X(3, 5, 4), X(5, 4))
        {
            From = 9, Types = Float, LacksFloat16 = true,
            Outputs = 2,
            Attributes = [A("num_scan_inputs", 2), A("body", Step), A("scan_input_axes", [1L, 0L]), A("scan_input_directions", [1L, 0L]), A("scan_output_axes", [2L]), A("scan_output_directions", [1L])],
        },
    ];

    static Operand Truth(double value) => Of([], value) with { Type = ScalarType.Bool };

    static TinyModel Then => new TinyModel().Node("MatMul", "x1 x2", "t").Output("t");

    static TinyModel Otherwise => new TinyModel().Stored("two", tensor(2L)).Node("MatMul", "x1 x2", "m").Node("Tanh", "m", "e").Output("e");

    static TinyModel Body(long untilRound, bool gives = true) => new TinyModel()
        .Input("round", tensor(0L)).Input("before", tensor(true)).Typed("state", zeros(0))
        .Stored("last", tensor(untilRound)).Node("Less", "round last", "goes_on")
        .Node("MatMul", "state x3", "product").Node("Tanh", "product", "next").Node("Neg", "next", "given")
        .Output(gives ? ["goes_on", "next", "given"] : ["goes_on", "next"]);

    static TinyModel Step => new TinyModel().Typed("sum", zeros(0)).Typed("matrix", zeros(0)).Typed("vector", zeros(0))
        .Node("Add", "sum matrix", "next").Node("Mul", "next vector", "given").Output("next", "given");
}
