using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Losses.Features;

/// <summary>Squared error between maps of where the student's and each teacher's features are large.</summary>
/// <remarks>
/// A(F)[h, w] = mean_c F[c, h, w]^2, Q = A / |A|_2 over positions; L_i = mean over positions of (Q_S - Q_i)^2.
/// Zagoruyko and Komodakis, <i>Paying More Attention to Attention</i>, ICLR 2017 (arXiv 1612.03928), with p = 2.
/// Differences: the paper writes the norm of the difference, its code the mean of squares, as here (weights around 1000). Channels need
/// not agree, so nothing is learnt. A feature without positions has no map: a recipe whose taps are pooled is refused.
/// </remarks>
internal sealed class AttentionTransfer() : FeatureLoss(nameof(AttentionTransfer))
{
    /// <inheritdoc/>
    public override Tensor ToEach(Tensor student, IReadOnlyList<Tensor> teachers)
    {
        using var scope = NewDisposeScope();
        var own = Map(student);
        return stack(teachers.Select(f => PerImage((own - Map(f)).square())).ToArray()).MoveToOuterDisposeScope();
    }

    /// <summary>F[n, c, h, w] -> Q[n, h * w].</summary>
    static Tensor Map(Tensor feature) => nn.functional.normalize(feature.square().mean([1]).flatten(1), p: 2, dim: 1);
}
