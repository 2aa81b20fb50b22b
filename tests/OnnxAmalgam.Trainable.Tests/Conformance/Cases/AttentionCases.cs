using static OnnxAmalgam.Trainable.Tests.Conformance.Case;
using static OnnxAmalgam.Trainable.Tests.Conformance.ElementTypeSets;
using static OnnxAmalgam.Trainable.Tests.Conformance.Operand;

namespace OnnxAmalgam.Trainable.Tests.Conformance.Cases;

internal static class AttentionCases
{
    public static readonly Case[] All =
    [
        .. ((Case[])
        [
            new("Attention", X(N, 2, 3, 4), X(N, 2, 5, 4), X(N, 2, 5, 4)),
            new("Attention", X(N, 2, 3, 4), X(N, 2, 5, 4), X(N, 2, 5, 4), X(3, 5)) { Attributes = [A("scale", 0.3f)] },
            new("Attention", X(N, 2, 3, 4), X(N, 2, 5, 4), X(N, 2, 5, 4), X(3, 5)) { Attributes = [A("softcap", 2f)] },
            new("Attention", X(N, 2, 3, 4), X(N, 2, 5, 4), X(N, 2, 5, 4), Of([3, 5], 1, 0, 1, 1, 0, 1, 1) with { Type = TorchSharp.torch.ScalarType.Bool }),
            new("Attention", X(N, 2, 3, 4), X(N, 2, 5, 4), X(N, 2, 5, 4), X(1, 1, 3, 5)) { Attributes = [A("softcap", 1f), A("is_causal", 1)] },
            new("Attention", X(N, 2, 3, 4), X(N, 2, 2, 4), X(N, 2, 2, 4), None, X(N, 2, 3, 4), X(N, 2, 3, 4)) { Outputs = 3, Attributes = [A("is_causal", 1)] },
            new("Attention", X(N, 4, 3, 4), X(N, 2, 3, 4), X(N, 2, 3, 4)) { Attributes = [A("is_causal", 1)] },
            new("Attention", X(N, 3, 8), X(N, 5, 4), X(N, 5, 4)) { Attributes = [A("q_num_heads", 4), A("kv_num_heads", 2), A("softmax_precision", 1)] },
            new("Attention", X(N, 2, 3, 4), X(N, 2, 2, 4), X(N, 2, 2, 4), None, X(N, 2, 3, 4), X(N, 2, 3, 4)) { Outputs = 3 },
            new("MultiHeadAttention", X(N, 3, 8), X(N, 5, 8), X(N, 5, 8)) { Domain = "com.microsoft", Attributes = [A("num_heads", 2)] },
            new("MultiHeadAttention", X(N, 3, 8), X(N, 3, 8), X(N, 3, 8), X(24)) { Domain = "com.microsoft", Attributes = [A("num_heads", 4), A("scale", 0.3f), A("unidirectional", 1)] },
            new("MultiHeadAttention", X(N, 3, 8), X(N, 5, 8), X(N, 5, 8), X(24), None, X(1, 2, 3, 5)) { Domain = "com.microsoft", Attributes = [A("num_heads", 2)] },
            new("Attention", X(N, 3, 6), X(6, 24), X(24)) { Domain = "com.microsoft", Attributes = [A("num_heads", 2)] },
            new("Attention", X(N, 3, 6), X(6, 24), X(24)) { Domain = "com.microsoft", Attributes = [A("num_heads", 4), A("scale", 0.3f), A("unidirectional", 1)] },
            new("Attention", X(N, 3, 6), X(6, 24), X(24), None, None, X(1, 2, 3, 3)) { Domain = "com.microsoft", Attributes = [A("num_heads", 2)] },
        ]).Select(c => c with { Types = Float, Tolerance = 5e-5 }),
    ];
}
