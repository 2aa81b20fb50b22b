using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Losses.Features;

/// <summary>Squared error between the correlations of a batch's images, by a Gaussian kernel, in the student's and each teacher's features.</summary>
/// <remarks>
/// e = F averaged over positions, as a unit vector; K_ab = sum_p exp(-2 g) (2 g)^p / p! &lt;e_a, e_b&gt;^p, p = 0..P: the Gaussian
/// exp(-g |e_a - e_b|^2) by its Taylor series; L_i = mean over pairs of (K^S - K^i)^2.
/// Peng et al., <i>Correlation Congruence for Knowledge Distillation</i>, ICCV 2019 (arXiv 1904.01802), g = 0.4, P = 2. There a linear layer brings
/// features to one width first, which the kernel does not need, and images of a batch are chosen by class, for which there are no labels here.
/// </remarks>
internal sealed class CorrelationCongruence(CongruenceTerm options) : FeatureLoss(nameof(CorrelationCongruence))
{
    /// <inheritdoc/>
    public override Tensor ToEach(Tensor student, IReadOnlyList<Tensor> teachers)
    {
        using var scope = NewDisposeScope();
        var own = Kernel(student);
        return stack(teachers.Select(f => (own - Kernel(f)).square().mean()).ToArray()).MoveToOuterDisposeScope();
    }

    Tensor Kernel(Tensor feature)
    {
        var units = nn.functional.normalize(Pooled(feature), p: 2, dim: 1);
        var cosines = units.mm(units.t());
        var (sum, power, factor) = (ones_like(cosines), ones_like(cosines), 1.0);
        for (var p = 1; p <= options.Order; p++)
        {
            factor *= 2 * options.Gamma / p;
            power *= cosines;
            sum += power * factor;
        }
        return sum * Math.Exp(-2 * options.Gamma);
    }
}
