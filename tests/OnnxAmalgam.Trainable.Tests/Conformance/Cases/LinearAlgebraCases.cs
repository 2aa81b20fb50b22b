using static OnnxAmalgam.Trainable.Tests.Conformance.Case;
using static OnnxAmalgam.Trainable.Tests.Conformance.ElementTypeSets;
using static OnnxAmalgam.Trainable.Tests.Conformance.Operand;

namespace OnnxAmalgam.Trainable.Tests.Conformance.Cases;

internal static class LinearAlgebraCases
{
    public static readonly Case[] All =
    [
        new("MatMul", X(N, 4), X(4, 5)) { Types = Numbers, From = 9 },
        new("MatMul", X(N, 4), X(4, 5)),
        new("MatMul", X(N, 2, 3, 4), X(N, 2, 4, 5)),
        new("MatMul", X(N, 2, 3, 4), X(4, 5)),
        new("MatMul", X(2, 1, 3, 4), X(N, 4, 5)),
        new("MatMul", X(4), X(4, 5)),
        new("MatMul", X(N, 3, 4), X(4)),
        new("MatMul", X(4), X(4)),
        .. Gemms(),
        new("Det", X(N, 3, 3)) { Types = ElementTypeSets.Float, LacksFloat16 = true, Tolerance = 5e-5 },
        new("Einsum", X(N, 3, 4), X(N, 4, 5)) { Types = Floating, Attributes = [A("equation", "bij, bjk -> bik")] },
        new("Einsum", X(N, 3, 4)) { Attributes = [A("equation", "bij->bji")] },
        new("Einsum", X(N, 3, 3)) { Attributes = [A("equation", "bii->b")] },
        new("Einsum", X(N, 3), X(3, 4)) { Attributes = [A("equation", "ij,jk")] },
        new("Einsum", X(2, N, 3, 4), X(4, 5)) { Attributes = [A("equation", "...ij,jk->...ik")] },
        new("Einsum", X(N, 3), X(3, 4), X(4, 2)) { Attributes = [A("equation", "ij,jk,kl->il")] },
    ];

    static Case[] Gemms() =>
    [
        new("Gemm", X(N, 4), X(4, 5), X(5)),
        new("Gemm", X(N, 4), X(5, 4), X(5)) { Attributes = [A("transB", 1)] },
        new("Gemm", X(4, N), X(4, 5), X(1, 5)) { Attributes = [A("transA", 1)] },
        new("Gemm", X(4, N), X(5, 4), X()) { Attributes = [A("transA", 1), A("transB", 1), A("alpha", 0.5f)] },
        new("Gemm", X(N, 4), X(4, 5), X(N, 1)) { Attributes = [A("beta", 0.25f), A("alpha", 2f)] },
        new("Gemm", X(N, 4), X(5, 4), X(N, 5)) { Attributes = [A("transB", 1)] },
        new("Gemm", X(N, 4), X(5, 4), X(5)) { Attributes = [A("transB", 1), A("beta", 0f)] },
        new("Gemm", X(N, 4), X(4, 5)) { From = 11, Attributes = [A("alpha", 3f)] },
        new("Gemm", X(N, 4), X(5, 4)) { From = 11, Attributes = [A("transB", 1)] },
    ];
}
