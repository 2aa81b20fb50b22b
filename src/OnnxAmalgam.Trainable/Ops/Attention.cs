using OnnxAmalgam.Trainable.Operators;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Ops;

/// <summary>Attention as one node: ONNX's own from opset 23, and those that ONNX Runtime's optimiser writes.</summary>
internal static class Attention
{
    static readonly string[] Common = ["mask_filter_value", "num_heads", "scale", "unidirectional"];

    public static readonly Operator[] Rows =
    [
        new("Attention", Since: 23, Standard)
        {
            Attributes = ["is_causal", "kv_num_heads", "q_num_heads", "qk_matmul_output_mode", "scale", "softcap", "softmax_precision"],
            Ignored = ["qk_matmul_output_mode"],
            MaxOutputs = 3,
            Precision = Precision.Full,
            Refuses = "`softmax_precision` other than float32, the fourth output",
        },
        new("MultiHeadAttention", Since: 1, MultiHead) { Domain = "com.microsoft", Weights = [3], Attributes = Common, Precision = Precision.Full, Refuses = "pasts and caches, packed queries" },
        new("Attention", Since: 1, Projected) { Domain = "com.microsoft", Weights = [1, 2], Attributes = Common, Precision = Precision.Full, Refuses = "a past, `qkv_hidden_sizes`, `do_rotary`" },
    ];

    /// <summary>How scores become weights.</summary>
    /// <param name="Scale">Factor of the scores; null: 1 / sqrt(head size).</param>
    /// <param name="SoftCap">Scores are bent to stay within it; 0: not.</param>
    /// <param name="IsCausal">A query sees no later key.</param>
    sealed record Scores(double? Scale, double SoftCap, bool IsCausal);

    /// <summary>Q[b, qHeads, s, d] or [b, s, qHeads d], K and V likewise with kvHeads, Mask? that broadcasts to [b, qHeads, s, t], PastK?, PastV? ->
    /// Y like Q, K and V with the past before them.</summary>
    static Kernel Standard(OperatorNode n)
    {
        var scores = new Scores(n.Float("scale"), n.Float("softcap", 0), n.Flag("is_causal"));
        var (queryHeads, keyHeads) = (n.Int("q_num_heads"), n.Int("kv_num_heads"));
        if (n.Int("softmax_precision", 1) is not 1 and var precision) throw OperatorNode.Refuse("softmax_precision", "1 (float32)", $"{precision}");
        return c =>
        {
            using var scope = NewDisposeScope();
            var isFlat = c[0].dim() == 3;
            var q = isFlat ? Heads(c[0], queryHeads!.Value) : c[0];
            var (k, v) = isFlat ? (Heads(c[1], keyHeads!.Value), Heads(c[2], keyHeads.Value)) : (c[1], c[2]);
            var past = c.Optional(4)?.shape[2] ?? 0;
            if (c.Optional(4) is { } pastKey) k = cat([pastKey, k], 2);
            if (c.Optional(5) is { } pastValue) v = cat([pastValue, v], 2);
            var y = Attend(q, k, v, c.Optional(3), scores, past);
            Tensor[] results = c.OutputCount == 1 ? [isFlat ? Flat(y) : y] : [isFlat ? Flat(y) : y, k.alias(), v.alias()];
            foreach (var result in results) result.MoveToOuterDisposeScope();
            return results;
        };
    }

    /// <summary>Q[b, s, heads d], K[b, t, heads d], V[b, t, heads d], Bias[3 heads d]?, KeyMask?, AttentionBias? -> Y[b, s, heads d].</summary>
    static Kernel MultiHead(OperatorNode n)
    {
        var (heads, scores, hidden) = Read(n);
        Refuse(n, 6, 7, 8, 9);
        return c =>
        {
            using var scope = NewDisposeScope();
            Tensor[] projected = [c[0], c[1], c[2]];
            if (c.Optional(3) is { } bias)
            {
                var parts = bias.split([c[0].shape[2], c[1].shape[2], c[2].shape[2]]);
                projected = [.. projected.Select((x, i) => x.add(parts[i]))];
            }

            return [Flat(Attend(Heads(projected[0], heads), Heads(projected[1], heads), Heads(projected[2], heads), Mask(c, 4, projected[1].shape[1], hidden), scores, 0)).MoveToOuterDisposeScope()];
        };
    }

    /// <summary>X[b, s, in], Weights[in, 3 heads d], Bias[3 heads d]?, KeyMask?, (no past), AttentionBias? -> Y[b, s, heads d].</summary>
    static Kernel Projected(OperatorNode n)
    {
        var (heads, scores, hidden) = Read(n);
        Refuse(n, 4, 6);
        return c =>
        {
            using var scope = NewDisposeScope();
            var all = LinearAlgebra.Product(c[0], c[1]);
            if (c.Optional(2) is { } bias) all = all.add(bias);
            var parts = all.chunk(3, -1);
            return [Flat(Attend(Heads(parts[0], heads), Heads(parts[1], heads), Heads(parts[2], heads), Mask(c, 3, c[0].shape[1], hidden), scores, 0)).MoveToOuterDisposeScope()];
        };
    }

    static (long Heads, Scores Scores, double Hidden) Read(OperatorNode n) =>
        (n.Int("num_heads") ?? throw OperatorNode.Refuse("num_heads", "a number", "none"), new(n.Float("scale"), 0, n.Flag("unidirectional")), n.Float("mask_filter_value", -10000));

    /// <summary>What is added to the scores: AttentionBias (input 5), and for keys that the mask leaves out <c>mask_filter_value</c>. The mask: lengths [b], ends and
    /// starts [2 b], or ones and zeros [b, t] or [b, s, t].</summary>
    static Tensor? Mask(NodeCall c, int input, long keys, double hidden)
    {
        if (c.Optional(input) is not { } mask) return c.Optional(5);
        var batch = c[0].shape[0];
        var seen = mask.dim() switch
        {
            1 when mask.shape[0] == batch => Before(mask, keys),
            1 when mask.shape[0] == 2 * batch => Before(mask.narrow(0, 0, batch), keys).logical_and(Before(mask.narrow(0, batch, batch), keys).logical_not()),
            2 => mask.ne(0).reshape(batch, 1, 1, keys),
            3 => mask.ne(0).unsqueeze(1),
            _ => throw new ArgumentException("expected a mask of lengths, of ends and starts, or one for each key"),
        };
        var added = seen.logical_not().to_type(c[0].dtype).mul(hidden);
        return c.Optional(5) is { } bias ? added.add(bias) : added;
    }

    static Tensor Before(Tensor lengths, long keys) => arange(keys, dtype: ScalarType.Int64, device: lengths.device).lt(lengths.unsqueeze(1)).reshape(-1, 1, 1, keys);

    static void Refuse(OperatorNode n, params int[] inputs)
    {
        foreach (var input in inputs.Where(n.HasInput))
            throw new UnsupportedAttributeException($"expected no input {input}, got one (pasts and caches are not honoured)");
    }

    /// <summary>[b, s, heads d] -> [b, heads, s, d].</summary>
    static Tensor Heads(Tensor x, long heads) => x.reshape(x.shape[0], x.shape[1], heads, x.shape[2] / heads).transpose(1, 2);

    /// <summary>[b, heads, s, d] -> [b, s, heads d].</summary>
    static Tensor Flat(Tensor x) => x.transpose(1, 2).reshape(x.shape[0], x.shape[2], -1);

    static Tensor Attend(Tensor q, Tensor k, Tensor v, Tensor? mask, Scores scores, long past)
    {
        var groups = q.shape[1] / k.shape[1];
        if (groups > 1) (k, v) = (k.repeat_interleave(groups, 1), v.repeat_interleave(groups, 1));
        var weights = LinearAlgebra.Product(q, k.transpose(-1, -2)).mul(scores.Scale ?? (1 / Math.Sqrt(q.shape[3])));
        if (scores.SoftCap > 0) weights = weights.div(scores.SoftCap).tanh().mul(scores.SoftCap);
        if (mask is not null) weights = mask.dtype == ScalarType.Bool ? weights.masked_fill(mask.logical_not(), double.NegativeInfinity) : weights.add(mask);
        if (scores.IsCausal)
        {
            var seen = ones([q.shape[2], k.shape[2]], ScalarType.Bool, q.device).tril(past);
            weights = weights.masked_fill(seen.logical_not(), double.NegativeInfinity);
        }

        return LinearAlgebra.Product(weights.softmax(-1), v);
    }
}
