using OnnxAmalgam.Training.CommonSpace;
using OnnxAmalgam.Training.Recipes;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Losses.Features;

/// <summary>Cosine and smooth L1 error between each teacher's feature and what a learned 1x1 map makes of the student's.</summary>
/// <remarks>
/// L_i = k mean over positions of (1 - cos(r_i(F_S), F_i)) + (1 - k) mean over elements of h(r_i(F_S) - F_i), cosines over channels,
/// h(x) = x^2 / 2 for |x| &lt; 1, else |x| - 1/2, k = 0.9, r_i(x) = W_i x + b_i at each position.
/// The spatial loss of AM-RADIO (Ranzinger et al., CVPR 2024, arXiv 2312.06709) and of Theia (Shang et al., 2024, arXiv 2407.20179).
/// Differences: Theia's cosine is of the whole flattened map, RADIO's of each position, as here; their heads are deeper (two layers with
/// normalisation). Meant for features of one scale: see <c>standardise</c>.
/// </remarks>
internal sealed class SmoothCosine : FeatureLoss
{
    readonly double share;
    readonly ModuleList<AffineLayer> projectors;

    /// <summary>Draws a projector for each tap.</summary>
    public SmoothCosine(SmoothCosineTerm options, int student, IReadOnlyList<int> teachers, bool pooled, WeightSource source) : base(nameof(SmoothCosine))
    {
        share = options.Cosine;
        projectors = new([.. teachers.Select(c => new AffineLayer(student, c, pooled, source))]);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Tensor ToEach(Tensor student, IReadOnlyList<Tensor> teachers)
    {
        using var scope = NewDisposeScope();
        return stack(teachers.Select((f, i) => Distance(projectors[i].forward(student), f, share)).ToArray()).MoveToOuterDisposeScope();
    }

    /// <summary>O and F[n, c, ...] -> k mean (1 - cos) + (1 - k) mean h(O - F), L[n].</summary>
    internal static Tensor Distance(Tensor projected, Tensor feature, double share)
    {
        var cosines = (nn.functional.normalize(projected, p: 2, dim: 1) * nn.functional.normalize(feature, p: 2, dim: 1)).sum([1], keepdim: true);
        return PerImage(1 - cosines) * share + PerImage(nn.functional.smooth_l1_loss(projected, feature, reduction: nn.Reduction.None)) * (1 - share);
    }
}
