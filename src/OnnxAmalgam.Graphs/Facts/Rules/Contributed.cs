namespace OnnxAmalgam.Graphs.Inference;

/// <summary>ONNX Runtime's own operators that its optimiser and transformer tools leave in files, and ONNX's attention.</summary>
internal static class Contributed
{
    static readonly string[] LikeFirst = ["Gelu", "FastGelu", "QuickGelu", "BiasGelu", "BiasAdd", "RotaryEmbedding", "RelativePositionBias"];

    public static readonly FactRule[] Rows =
    [
        .. LikeFirst.Select(name => new FactRule(name, c => c.Like(c.Shape(0)), "com.microsoft")),
        new("RotaryEmbedding", c => c.Like(c.Shape(0))),
        new("Attention", PackedAttention, "com.microsoft"),
        new("MultiHeadAttention", MultiHeadAttention, "com.microsoft"),
        new("Attention", Attention),
    ];

    /// <remarks>X[n, l, i], W[i, 3h] -> Y[n, l, h].</remarks>
    static ValueState?[] PackedAttention(RuleCall c)
    {
        if (c.Shape(0) is not [var n, var l, _] || c.Shape(1) is not [_, var packed])
            return RuleCall.Absent;
        return c.Node.Ints("qkv_hidden_sizes") is [_, _, var values]
            ? c.Like([n, l, values])
            : packed.TryDivide(3, out var hidden) ? c.Like([n, l, hidden]) : RuleCall.Absent;
    }

    /// <remarks>Q[n, l, h], K, V[n, s, v] -> Y[n, l, v].</remarks>
    static ValueState?[] MultiHeadAttention(RuleCall c) =>
        c.Shape(0) is [var n, var l, var h] ? c.Like([n, l, c.Shape(2) is [_, _, var v] ? v : h]) : RuleCall.Absent;

    /// <remarks>Q[n, heads, l, e] with V[n, heads, s, v] -> Y[n, heads, l, v]; three axes: heads are packed in the last.</remarks>
    static ValueState?[] Attention(RuleCall c) => (c.Shape(0), c.Shape(2)) switch
    {
        ([var n, var heads, var l, _], [_, _, _, var v]) => c.Like([n, heads, l, v]),
        ([var n, var l, _], [_, _, var v]) when c.Node.Int("q_num_heads", 0) == c.Node.Int("kv_num_heads", 0) => c.Like([n, l, v]),
        _ => RuleCall.Absent,
    };
}
