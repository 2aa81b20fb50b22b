using OnnxAmalgam.Training.CommonSpace;
using OnnxAmalgam.Training.Recipes;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Losses.Features;

/// <summary>The logarithm of a power distance between batch-normalised features, behind a linear projector.</summary>
/// <remarks>
/// e = F averaged over positions; z_S = BN(W_i e_S + b), z_i = BN(e_i), both to mean 0 and variance 1 over the batch;
/// L_i = log(1e-6 + mean_n sum_c |z_S - z_i|^a), a = 4.
/// Miles and Mikolajczyk, <i>Understanding the Role of the Projector in Knowledge Distillation</i> (SRD), AAAI 2024 (arXiv 2303.11098). Differences:
/// their sum runs over the batch too, here the mean, so that the value does not depend on its size; normalisation has no scale and offset of its own;
/// a re-implementation doubles the logarithm. Negative where the distance is under 1. No scale of a teacher matters.
/// </remarks>
internal sealed class ProjectorDistance : FeatureLoss
{
    const double Epsilon = 1e-6;
    readonly double power;
    readonly ModuleList<AffineLayer> projectors;

    /// <summary>Draws a projector for each tap.</summary>
    public ProjectorDistance(ProjectorTerm options, int student, IReadOnlyList<int> teachers, WeightSource source) : base(nameof(ProjectorDistance))
    {
        power = options.Power;
        projectors = new([.. teachers.Select(c => new AffineLayer(student, c, pooled: true, source))]);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Tensor ToEach(Tensor student, IReadOnlyList<Tensor> teachers)
    {
        using var scope = NewDisposeScope();
        var own = Pooled(student);
        return stack(teachers.Select((f, i) => Distance(projectors[i].forward(own), Pooled(f))).ToArray()).MoveToOuterDisposeScope();
    }

    Tensor Distance(Tensor own, Tensor feature) => ((Standardised(own) - Standardised(feature)).abs().pow(power).sum([1]).mean() + Epsilon).log();

    static Tensor Standardised(Tensor rows)
    {
        var centred = rows - rows.mean([0]);
        return centred * (centred.square().mean([0]) + 1e-5).rsqrt();
    }
}
