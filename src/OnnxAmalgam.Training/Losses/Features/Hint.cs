using OnnxAmalgam.Training.CommonSpace;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Losses.Features;

/// <summary>Squared error between each teacher's feature and what a learned 1x1 map makes of the student's.</summary>
/// <remarks>
/// L_i = mean over all elements of (r_i(F_S) - F_i)^2, r_i(x) = W_i x + b_i at each position.
/// Romero et al., <i>FitNets: Hints for Thin Deep Nets</i>, ICLR 2015 (arXiv 1412.6550).
/// Differences: the paper sums (half the squared norm), common re-implementations take the mean, as here, with weights around 100; it
/// trains the lower half of the student by the hint first and the whole afterwards, here both terms train together; its regressor may have
/// a larger window, which is not needed on one grid.
/// </remarks>
internal sealed class Hint : FeatureLoss
{
    readonly ModuleList<AffineLayer> regressors;

    /// <summary>Draws a regressor for each tap.</summary>
    public Hint(int student, IReadOnlyList<int> teachers, bool pooled, WeightSource source) : base(nameof(Hint))
    {
        regressors = new([.. teachers.Select(c => new AffineLayer(student, c, pooled, source))]);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Tensor ToEach(Tensor student, IReadOnlyList<Tensor> teachers)
    {
        using var scope = NewDisposeScope();
        return stack(teachers.Select((f, i) => PerImage((regressors[i].forward(student) - f).square())).ToArray()).MoveToOuterDisposeScope();
    }
}
