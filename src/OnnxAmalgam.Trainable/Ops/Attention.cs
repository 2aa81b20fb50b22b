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
            MaxOutputs = 4,
            Precision = Precision.Full,
            Refuses = "`softmax_precision` other than float32",
        },
        new("MultiHeadAttention", Since: 1, MultiHead) { Domain = "com.microsoft", Weights = [3], Attributes = Common, MaxOutputs = 3, Precision = Precision.Full, Refuses = "caches, packed queries" },
        new("Attention", Since: 1, Projected) { Domain = "com.microsoft", Weights = [1, 2], Attributes = [.. Common, "qkv_hidden_sizes"], MaxOutputs = 2, Precision = Precision.Full, Refuses = "caches, `do_rotary`" },
    ];

    /// <summary>Scores on their way to weights, as ONNX Runtime numbers them in <c>qk_matmul_output_mode</c> (in ONNX's own text the mask comes before the cap).</summary>
    enum Stage
    {
        Scaled,
        Capped,
        Masked,
        Weights,
    }

    /// <summary>How scores become weights.</summary>
    /// <param name="Scale">Factor of the scores; null: 1 / sqrt(head size).</param>
    /// <param name="SoftCap">Scores are bent to stay within it; 0: not.</param>
    /// <param name="IsCausal">A query sees no later key.</param>
    sealed record Scores(double? Scale, double SoftCap, bool IsCausal);

    /// <summary>Q[b, qHeads, s, d] or [b, s, qHeads d], K and V likewise with kvHeads, Mask? that broadcasts to [b, qHeads, s, t], PastK?, PastV? ->
    /// Y like Q, K and V with the past before them, and the scores or weights as <c>qk_matmul_output_mode</c> says.</summary>
    static Kernel Standard(OperatorNode n)
    {
        var scores = new Scores(n.Float("scale"), n.Float("softcap", 0), n.Flag("is_causal"));
        var shown = (Stage)n.Int("qk_matmul_output_mode", 0);
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
            var (y, stages) = Attend(q, k, v, c.Optional(3), scores, past);
            if (isFlat) y = Flat(y);
            Tensor[] results = c.OutputCount == 1 ? [y] : [y, k.alias(), v.alias(), stages[(int)shown].alias()];
            foreach (var result in results) result.MoveToOuterDisposeScope();
            return results;
        };
    }

    /// <summary>Q[b, s, heads d], K[b, t, heads d] or [b, heads, t, d], V likewise, Bias[3 heads d]?, KeyMask?, AttentionBias?, PastK[b, heads, p, d]?, PastV? ->
    /// Y[b, s, heads d], K and V with the past before them.</summary>
    static Kernel MultiHead(OperatorNode n)
    {
        var (heads, scores, hidden) = Read(n);
        Refuse(n, 8, 9);
        if (!n.HasInput(1) || !n.HasInput(2)) throw new UnsupportedAttributeException("expected key and value, got a packed query");
        return c =>
        {
            using var scope = NewDisposeScope();
            Tensor[] projected = [c[0], c[1], c[2]];
            if (c.Optional(3) is { } bias)
            {
                var parts = bias.split([.. projected.Select(x => x.dim() == 4 ? x.shape[1] * x.shape[3] : x.shape[2])]);
                projected = [.. projected.Select((x, i) => x.dim() == 4 ? x : x.add(parts[i]))];
            }

            var parted = Array.ConvertAll(projected, x => x.dim() == 4 ? x : Heads(x, heads));
            return WithPast(c, parted, (c.Optional(6), c.Optional(7)), mask: 4, scores, hidden, (k, v) => [k.alias(), v.alias()]);
        };
    }

    /// <summary>X[b, s, in], Weights[in, 3 heads d], Bias[3 heads d]?, KeyMask?, Past[2, b, heads, p, d]?, AttentionBias? ->
    /// Y[b, s, heads d], keys and values with the past before them as one tensor.</summary>
    static Kernel Projected(OperatorNode n)
    {
        var (heads, scores, hidden) = Read(n);
        var sizes = n.Ints("qkv_hidden_sizes");
        Refuse(n, 6);
        return c =>
        {
            using var scope = NewDisposeScope();
            var all = LinearAlgebra.Product(c[0], c[1]);
            if (c.Optional(2) is { } bias) all = all.add(bias);
            Tensor[] parts = [.. (sizes is null ? all.chunk(3, -1) : all.split(sizes, -1)).Select(x => Heads(x, heads))];
            var past = c.Optional(4);
            return WithPast(c, parts, (past?.select(0, 0), past?.select(0, 1)), mask: 3, scores, hidden, (k, v) => [stack([k, v], 0)]);
        };
    }

    /// <summary>The result and, where it is asked for, what later queries need of this call's keys and values.</summary>
    static Tensor[] WithPast(NodeCall c, Tensor[] parts, (Tensor? Key, Tensor? Value) past, int mask, Scores scores, double hidden, Func<Tensor, Tensor, Tensor[]> present)
    {
        var k = past.Key is { } earlierKeys ? cat([earlierKeys, parts[1]], 2) : parts[1];
        var v = past.Value is { } earlierValues ? cat([earlierValues, parts[2]], 2) : parts[2];
        var y = Flat(Attend(parts[0], k, v, Mask(c, mask, k.shape[2], hidden), scores, past.Key?.shape[2] ?? 0).Y);
        Tensor[] results = c.OutputCount == 1 ? [y] : [y, .. present(k, v)];
        foreach (var result in results) result.MoveToOuterDisposeScope();
        return results;
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
            throw new UnsupportedAttributeException($"expected no input {input}, got one (caches are not honoured)");
    }

    /// <summary>[b, s, heads d] -> [b, heads, s, d].</summary>
    static Tensor Heads(Tensor x, long heads) => x.reshape(x.shape[0], x.shape[1], heads, x.shape[2] / heads).transpose(1, 2);

    /// <summary>[b, heads, s, d] -> [b, s, heads d].</summary>
    static Tensor Flat(Tensor x) => x.transpose(1, 2).reshape(x.shape[0], x.shape[2], -1);

    static (Tensor Y, Tensor[] Stages) Attend(Tensor q, Tensor k, Tensor v, Tensor? mask, Scores scores, long past)
    {
        var groups = q.shape[1] / k.shape[1];
        if (groups > 1) (k, v) = (k.repeat_interleave(groups, 1), v.repeat_interleave(groups, 1));
        var scaled = LinearAlgebra.Product(q, k.transpose(-1, -2)).mul(scores.Scale ?? (1 / Math.Sqrt(q.shape[3])));
        var capped = scores.SoftCap > 0 ? scaled.div(scores.SoftCap).tanh().mul(scores.SoftCap) : scaled;
        var masked = mask is null ? capped : mask.dtype == ScalarType.Bool ? capped.masked_fill(mask.logical_not(), double.NegativeInfinity) : capped.add(mask);
        if (scores.IsCausal)
        {
            var seen = ones([q.shape[2], k.shape[2]], ScalarType.Bool, q.device).tril(past);
            masked = masked.masked_fill(seen.logical_not(), double.NegativeInfinity);
        }

        var weights = mask is null && !scores.IsCausal ? masked.softmax(-1) : Weights(masked);
        return (LinearAlgebra.Product(weights, v), [scaled, capped, masked, weights]);
    }

    /// <summary>The softmax; zeros, as in ONNX Runtime, for a query that may look at no key.</summary>
    static Tensor Weights(Tensor scores)
    {
        var sightless = scores.detach().isneginf().all(-1, keepdim: true);
        return scores.masked_fill(sightless, 0).softmax(-1).masked_fill(sightless, 0);
    }
}
