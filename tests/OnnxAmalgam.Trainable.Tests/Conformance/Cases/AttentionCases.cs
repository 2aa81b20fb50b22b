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
            new("MultiHeadAttention", X(N, 3, 8), X(N, 5, 8), X(N, 5, 8), None, Places([N], 4, 1, 5)) { Domain = "com.microsoft", Attributes = [A("num_heads", 2)] },
            new("MultiHeadAttention", X(N, 3, 8), X(N, 5, 8), X(N, 5, 8), X(24), Places([N, 5], 1, 1, 0, 1, 1, 1, 0), X(1, 2, 3, 5)) { Domain = "com.microsoft", Attributes = [A("num_heads", 2), A("mask_filter_value", -30f)] },
            new("Attention", X(N, 3, 6), X(6, 24), X(24), Places([N], 2, 3, 1)) { Domain = "com.microsoft", Attributes = [A("num_heads", 2)] },
            new("Attention", X(3, 3, 6), X(6, 24), X(24), Places([6], 2, 3, 3, 0, 1, 2)) { Domain = "com.microsoft", Attributes = [A("num_heads", 2)] },
            new("Attention", X(N, 3, 6), X(6, 24), X(24), Places([N, 3], 1, 0, 1, 1, 1, 0, 1)) { Domain = "com.microsoft", Attributes = [A("num_heads", 2), A("mask_filter_value", -30f)] },
            new("Attention", X(N, 3, 6), X(6, 24), X(24), Places([N, 3, 3], 1, 0, 1, 1, 1, 0, 1)) { Domain = "com.microsoft", Attributes = [A("num_heads", 2)] },
            new("Attention", X(N, 2, 3, 4), X(N, 2, 5, 4), X(N, 2, 5, 4), X(3, 5)) { Outputs = 4, LeftOut = [1, 2], Attributes = [A("softcap", 2f), A("qk_matmul_output_mode", 0)] },
            new("Attention", X(N, 2, 3, 4), X(N, 2, 5, 4), X(N, 2, 5, 4), X(3, 5)) { Outputs = 4, LeftOut = [1, 2], Attributes = [A("softcap", 2f), A("qk_matmul_output_mode", 1)] },
            new("Attention", X(N, 2, 3, 4), X(N, 2, 5, 4), X(N, 2, 5, 4), X(3, 5)) { Outputs = 4, LeftOut = [1, 2], Attributes = [A("softcap", 2f), A("qk_matmul_output_mode", 2)] },
            new("Attention", X(N, 2, 3, 4), X(N, 2, 5, 4), X(N, 2, 5, 4), X(3, 5)) { Outputs = 4, LeftOut = [1, 2], Attributes = [A("qk_matmul_output_mode", 3)] },
            new("Attention", X(N, 3, 8), X(N, 2, 4), X(N, 2, 4), X(3, 5), X(N, 1, 3, 4), X(N, 1, 3, 4)) { Outputs = 3, Attributes = [A("q_num_heads", 2), A("kv_num_heads", 1)] },
            new("MultiHeadAttention", X(N, 3, 8), X(N, 3, 8), X(N, 3, 8), X(24), None, None, X(N, 2, 2, 4), X(N, 2, 2, 4)) { Domain = "com.microsoft", Outputs = 3, Attributes = [A("num_heads", 2)] },
            new("MultiHeadAttention", X(N, 3, 8), X(N, 3, 8), X(N, 3, 8), None, None, X(1, 2, 3, 5), X(N, 2, 2, 4), X(N, 2, 2, 4)) { Domain = "com.microsoft", Outputs = 3, Attributes = [A("num_heads", 2), A("unidirectional", 1)] },
            new("MultiHeadAttention", X(N, 3, 8), X(N, 2, 5, 4), X(N, 2, 5, 4)) { Domain = "com.microsoft", Attributes = [A("num_heads", 2)] },
            new("Attention", X(N, 3, 6), X(6, 24), X(24), None, X(2, N, 2, 2, 4)) { Domain = "com.microsoft", Outputs = 2, Attributes = [A("num_heads", 2), A("unidirectional", 1)] },
            new("Attention", X(N, 3, 6), X(6, 24), X(24), Places([N, 5], 1, 1, 0, 1, 1, 1, 0), X(2, N, 2, 2, 4)) { Domain = "com.microsoft", Outputs = 2, Attributes = [A("num_heads", 2)] },
            new("Attention", X(N, 3, 6), X(6, 20), X(20)) { Domain = "com.microsoft", Attributes = [A("num_heads", 2), A("qkv_hidden_sizes", [8L, 8L, 4L])] },
            new("RotaryEmbedding", X(N, 2, 3, 4), X(N, 3, 2), X(N, 3, 2)),
            new("RotaryEmbedding", X(N, 2, 3, 6), X(7, 2), X(7, 2), IntsIn([N, 3], 4, 0, 6, 2, 1)) { Attributes = [A("rotary_embedding_dim", 4), A("num_heads", 2)] },
            new("RotaryEmbedding", X(N, 3, 8), X(7, 2), X(7, 2), IntsIn([N, 3], 4, 0, 6, 2, 1)) { Attributes = [A("num_heads", 2), A("interleaved", 1)] },
            new("RotaryEmbedding", X(N, 3, 8), IntsIn([N, 3], 4, 0, 6, 2, 1), X(7, 2), X(7, 2)) { Domain = "com.microsoft" },
            new("RotaryEmbedding", X(N, 2, 3, 4), Ints(2), X(7, 2), X(7, 2)) { Domain = "com.microsoft", Attributes = [A("interleaved", 1), A("scale", 1f), A("is_packed_batching", 0)] },
            new("RotaryEmbedding", X(N, 3, 12), Ints(0), X(7, 2), X(7, 2)) { Domain = "com.microsoft", Attributes = [A("num_heads", 2), A("rotary_embedding_dim", 4)] },
        ]).Select(c => c with { Types = Float, Tolerance = 5e-5 }),
    ];

    static Operand Places(long[] shape, params long[] values) => IntsIn(shape, values) with { Type = TorchSharp.torch.ScalarType.Int32 };
}
