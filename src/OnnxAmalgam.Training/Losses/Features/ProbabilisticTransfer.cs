using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Losses.Features;

/// <summary>Divergence between the chances of two images to be neighbours in a teacher's features and in the student's.</summary>
/// <remarks>
/// s_ab = (cos(e_a, e_b) + 1) / 2 with e = F averaged over positions, P_ab = s_ab / sum_b s_ab;
/// L_i = mean over all N^2 pairs of P^i_ab log((P^i_ab + 1e-7) / (P^S_ab + 1e-7)).
/// Passalis and Tefas, <i>Learning Deep Representations with Probabilistic Knowledge Transfer</i>, ECCV 2018 (arXiv 1803.10837); its cosine
/// kernel. Published code averages over pairs, where the paper sums, hence weights around 30,000; the loss of the same images twice over
/// is half: by definition it depends on the batch size.
/// </remarks>
internal sealed class ProbabilisticTransfer() : FeatureLoss(nameof(ProbabilisticTransfer))
{
    const double Epsilon = 1e-7;

    /// <inheritdoc/>
    public override Tensor ToEach(Tensor student, IReadOnlyList<Tensor> teachers)
    {
        using var scope = NewDisposeScope();
        var own = Chances(student);
        return stack(teachers.Select(f => Divergence(Chances(f), own)).ToArray()).MoveToOuterDisposeScope();
    }

    static Tensor Divergence(Tensor target, Tensor own) => (target * ((target + Epsilon) / (own + Epsilon)).log()).mean();

    static Tensor Chances(Tensor feature)
    {
        var units = nn.functional.normalize(Pooled(feature), p: 2, dim: 1);
        var similarities = (units.mm(units.t()) + 1) / 2;
        return similarities / similarities.sum(1, keepdim: true);
    }
}
