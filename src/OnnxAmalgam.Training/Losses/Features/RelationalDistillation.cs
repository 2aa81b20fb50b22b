using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Losses.Features;

/// <summary>Huber error between the distances of a batch's images, and between the angles that three of them make, in the student's and
/// each teacher's features.</summary>
/// <remarks>
/// e = F averaged over positions; d_ab = |e_a - e_b| / mean of the distances above zero; v_ab = (e_a - e_b) / |e_a - e_b|;
/// L_i = distance * mean_ab h(d^S_ab - d^i_ab) + angle * mean_abc h(&lt;v^S_ab, v^S_cb&gt; - &lt;v^i_ab, v^i_cb&gt;),
/// h(x) = x^2 / 2 for |x| &lt; 1, else |x| - 1/2; the means are over all N^2 pairs and N^3 triples, an image with itself included.
/// Park et al., <i>Relational Knowledge Distillation</i>, CVPR 2019 (arXiv 1904.05068); factors 1 and 2 there (25 and 50 elsewhere).
/// The squared distance is at least 1e-12 under a root and 1e-8 in a direction, so that images of equal features give finite gradients.
/// Memory: N^3 angles, N^2 c differences.
/// </remarks>
internal sealed class RelationalDistillation(RkdTerm options) : FeatureLoss(nameof(RelationalDistillation))
{
    const double SmallestSquare = 1e-12;
    const double SmallestDirection = 1e-8;

    /// <inheritdoc/>
    public override Tensor ToEach(Tensor student, IReadOnlyList<Tensor> teachers)
    {
        using var scope = NewDisposeScope();
        var (distances, angles) = Relations(student);
        return stack(teachers.Select(One).ToArray()).MoveToOuterDisposeScope();

        Tensor One(Tensor feature)
        {
            var (theirDistances, theirAngles) = Relations(feature);
            return nn.functional.smooth_l1_loss(distances, theirDistances) * options.Distance + nn.functional.smooth_l1_loss(angles, theirAngles) * options.Angle;
        }
    }

    /// <summary>F[n, c, ...] -> d[n, n] and the angles' cosines [b, a, c].</summary>
    static (Tensor Distances, Tensor Angles) Relations(Tensor feature)
    {
        var points = Pooled(feature);
        var differences = points.unsqueeze(0) - points.unsqueeze(1);
        var squares = differences.square().sum(2);
        var apart = squares.gt(SmallestSquare);
        var distances = squares.clamp_min(SmallestSquare).sqrt() * apart;
        var mean = distances.sum() / apart.sum().clamp_min(1);
        var directions = differences * squares.clamp_min(SmallestDirection).rsqrt().unsqueeze(2);
        return (distances / mean.clamp_min(Math.Sqrt(SmallestSquare)), bmm(directions, directions.transpose(1, 2)));
    }
}
