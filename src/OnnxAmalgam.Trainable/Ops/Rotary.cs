using OnnxAmalgam.Trainable.Operators;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Ops;

/// <summary>Positions as rotations of pairs of features.</summary>
internal static class Rotary
{
    public static readonly Operator[] Rows =
    [
        new("RotaryEmbedding", Since: 23, Standard) { Attributes = ["interleaved", "num_heads", "rotary_embedding_dim"], Precision = Precision.Full },
        new("RotaryEmbedding", Since: 1, Microsoft)
        {
            Domain = "com.microsoft",
            Attributes = ["interleaved", "is_packed_batching", "num_heads", "rotary_embedding_dim", "scale"],
            Precision = Precision.Full,
            Refuses = "`is_packed_batching=1`, `scale` other than 1",
        },
    ];

    /// <summary>X[b, heads, s, d] or [b, s, heads d], Cosines and Sines[b, s, half] or, with Positions[b, s], [most, half] -> Y like X.</summary>
    static Kernel Standard(OperatorNode n)
    {
        var (interleaved, heads, size) = (n.Flag("interleaved"), n.Int("num_heads", 0), n.Int("rotary_embedding_dim", 0));
        return c =>
        {
            using var scope = NewDisposeScope();
            Tensor At(Tensor table) => c.Optional(3) is { } positions ? Picked(table, positions) : table;
            return [Rotated(c[0], At(c[1]), At(c[2]), heads, size, interleaved).MoveToOuterDisposeScope()];
        };
    }

    /// <summary>X as above, Positions[b, s] or the first position [1], Cosines[most, half], Sines[most, half] -> Y like X.</summary>
    static Kernel Microsoft(OperatorNode n)
    {
        var (interleaved, heads, size) = (n.Flag("interleaved"), n.Int("num_heads", 0), n.Int("rotary_embedding_dim", 0));
        if (n.Flag("is_packed_batching")) throw OperatorNode.Refuse("is_packed_batching", "0", "1");
        if (n.Float("scale", 1) is not 1 and var scale) throw OperatorNode.Refuse("scale", "1", $"{scale}");
        return c =>
        {
            using var scope = NewDisposeScope();
            var (batch, length) = (c[0].shape[0], c[0].shape[^2]);
            var positions = c[1].numel() == 1
                ? arange(length, dtype: ScalarType.Int64, device: c[1].device).add(c[1].reshape([])).expand(batch, length)
                : c[1];
            var width = size > 0 || heads > 0 || c[0].dim() == 4 ? heads : c[0].shape[2] / (2 * c[2].shape[1]);
            return [Rotated(c[0], Picked(c[2], positions), Picked(c[3], positions), width, size, interleaved).MoveToOuterDisposeScope()];
        };
    }

    static Tensor Picked(Tensor table, Tensor positions) => table.index_select(0, positions.flatten()).reshape([.. positions.shape, table.shape[1]]);

    static Tensor Rotated(Tensor x, Tensor cosines, Tensor sines, long heads, long size, bool interleaved)
    {
        var isFlat = x.dim() == 3;
        var split = isFlat ? x.reshape(x.shape[0], x.shape[1], heads, -1) : x.transpose(1, 2);
        var turned = size > 0 ? size : split.shape[3];
        var (part, rest) = (split.narrow(3, 0, turned), split.narrow(3, turned, split.shape[3] - turned));
        var (cos, sin) = (cosines.unsqueeze(2), sines.unsqueeze(2));
        var pairs = interleaved ? part.reshape([.. part.shape[..3], -1, 2]).unbind(-1) : part.chunk(2, 3);
        var (a, b) = (cos.mul(pairs[0]).sub(sin.mul(pairs[1])), sin.mul(pairs[0]).add(cos.mul(pairs[1])));
        var all = cat([interleaved ? stack([a, b], -1).reshape(part.shape) : cat([a, b], 3), rest], 3);
        return isFlat ? all.reshape(x.shape) : all.transpose(1, 2);
    }
}
