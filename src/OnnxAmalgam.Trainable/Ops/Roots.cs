using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Ops;

/// <summary>Roots of sums of powers, as norms have them.</summary>
internal static class Roots
{
    /// <summary>X of no negative numbers -> X^(1/<paramref name="degree"/>). The gradient is 0 where X is, as of a norm, and not infinite.</summary>
    public static Tensor Of(Tensor x, double degree)
    {
        if (!x.requires_grad) return Root(x, degree);
        using var scope = NewDisposeScope();
        var zero = x.eq(0);
        return Root(x.masked_fill(zero, 1), degree).masked_fill(zero, 0).MoveToOuterDisposeScope();
    }

    static Tensor Root(Tensor x, double degree) => degree == 2 ? x.sqrt() : x.pow(1 / degree);
}
