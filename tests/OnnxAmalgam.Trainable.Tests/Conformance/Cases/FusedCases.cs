using static OnnxAmalgam.Trainable.Tests.Conformance.Case;
using static OnnxAmalgam.Trainable.Tests.Conformance.ElementTypeSets;
using static OnnxAmalgam.Trainable.Tests.Conformance.Operand;

namespace OnnxAmalgam.Trainable.Tests.Conformance.Cases;

internal static class FusedCases
{
    public static readonly Case[] All =
    [
        .. ((Case[])
        [
            new("Gelu", X(N, 3, 4)),
            new("FastGelu", X(N, 3, 4)),
            new("FastGelu", X(N, 3, 4), X(4)),
            new("BiasGelu", X(N, 3, 4), X(4)),
            new("QuickGelu", X(N, 3, 4)),
            new("QuickGelu", X(N, 3, 4)) { Attributes = [A("alpha", 0.7f)] },
            new("FusedMatMul", X(N, 3, 4), X(4, 5)) { Attributes = [A("alpha", 0.5f)] },
            new("FusedMatMul", X(N, 3, 4), X(N, 5, 4)) { Attributes = [A("transB", 1), A("transBatchA", 0), A("transBatchB", 0)] },
            new("FusedMatMul", X(N, 4, 3), X(N, 5, 4)) { Attributes = [A("transA", 1), A("transB", 1)] },
            new("FusedConv", X(N, 2, 5, 6), X(3, 2, 3, 3), X(3)) { Attributes = [A("activation", "Relu"), A("pads", [1, 1, 1, 1]), A("strides", [2, 1])], Tolerance = 5e-5 },
            new("FusedConv", X(N, 2, 5, 6), X(4, 1, 3, 3)) { Attributes = [A("activation", "LeakyRelu"), A("activation_params", [0.2f]), A("group", 2), A("kernel_shape", [3, 3])], Tolerance = 5e-5 },
            new("FusedConv", X(N, 2, 5, 6), X(3, 2, 2, 2)) { Attributes = [A("activation", "Clip"), A("activation_params", [-1f, 6f]), A("auto_pad", "SAME_UPPER")], Tolerance = 5e-5 },
            new("FusedConv", X(N, 2, 5, 6), X(3, 2, 2, 2)) { Attributes = [A("activation", "HardSigmoid"), A("activation_params", [0.05f, 0.5f]), A("dilations", [2, 1])], Tolerance = 5e-5 },
            new("FusedConv", X(N, 2, 5, 6), X(3, 2, 1, 1)) { Attributes = [A("activation", "Sigmoid")], Tolerance = 5e-5 },
            new("FusedConv", X(N, 2, 5, 6), X(3, 2, 1, 1), X(3), X(N, 3, 5, 6)) { Attributes = [A("activation", "Tanh")], Tolerance = 5e-5 },
            new("FusedGemm", X(N, 4), X(5, 4), X(5)) { Attributes = [A("activation", "Relu"), A("transB", 1)] },
            new("FusedGemm", X(4, N), X(4, 5), X(5)) { Attributes = [A("activation", "LeakyRelu"), A("activation_alpha", 0.3f), A("transA", 1), A("alpha", 0.5f), A("beta", 2f)] },
            new("FusedGemm", X(N, 4), X(4, 5), X(5)) { Attributes = [A("activation", "HardSigmoid"), A("activation_alpha", 0.05f), A("activation_beta", 0.4f)] },
            new("SkipLayerNormalization", X(N, 3, 4), X(N, 3, 4), X(4), X(4), X(4)) { Attributes = [A("epsilon", 0.1f)] },
            new("SkipLayerNormalization", X(N, 3, 4), X(N, 3, 4), X(4)) { Tolerance = 5e-5 },
            new("SkipLayerNormalization", X(N, 3, 4), X(N, 3, 4), X(4), X(4)) { Outputs = 4, LeftOut = [1, 2], Tolerance = 5e-5 },
            new("SkipSimplifiedLayerNormalization", X(N, 3, 4), X(N, 3, 4), X(4), X(4)) { Attributes = [A("epsilon", 0.1f)] },
            new("SkipSimplifiedLayerNormalization", X(N, 3, 4), X(N, 3, 4), X(4)) { Outputs = 4, LeftOut = [1, 2], Tolerance = 5e-5 },
        ]).Select(c => c with { Domain = "com.microsoft", Types = Float }),
    ];
}
