using OnnxAmalgam.Training.CommonSpace;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Losses.Balance;

/// <summary>Each term divided by a learned uncertainty.</summary>
/// <remarks>
/// L = sum_k [exp(-s_k) w_k L_k + s_k], s_k learned, 0 at the start, so that the recipe's weights are where it starts; the best
/// s_k for a loss that stays is log(w_k L_k), at which every term counts alike. Kendall, Gal and Cipolla, <i>Multi-Task Learning Using Uncertainty to
/// Weigh Losses</i>, CVPR 2018 (arXiv 1705.07115), with s = log of the variance; there the factor is halved for regression. Terms must not be
/// negative. s_k train at the rate of the common space, decay included.
/// </remarks>
internal sealed class UncertaintyWeights : LossBalance
{
    readonly Parameter logarithms;

    /// <summary>Starts at the recipe's weights; the module owns its parameter.</summary>
    public UncertaintyWeights(int terms, WeightSource source) : base(nameof(UncertaintyWeights))
    {
        logarithms = source.Fill([terms], 0);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Tensor Total(IReadOnlyList<Tensor> terms, Tensor? shared)
    {
        using var scope = NewDisposeScope();
        return (stack([.. terms]) * (-logarithms).exp() + logarithms).sum().MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Factors()
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        return (-logarithms).exp().detach().MoveToOuterDisposeScope();
    }
}
