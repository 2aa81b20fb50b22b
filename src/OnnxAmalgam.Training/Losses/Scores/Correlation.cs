using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Losses.Scores;

/// <summary>One minus the correlation between the student's probabilities and the target's: over classes for each image, over images for each class.</summary>
/// <remarks>
/// s = softmax(z_S / T); L = T^2 [beta mean_n (1 - r(s_n, p_n)) + gamma mean_c (1 - r(s_.c, p_.c))], r = Pearson's correlation.
/// Huang et al., <i>Knowledge Distillation from A Stronger Teacher</i> (DIST), NeurIPS 2022 (arXiv 2205.10536). A linear map of the
/// probabilities costs nothing, so a far stronger teacher need not be copied exactly.
/// r = sum a b / sqrt(sum a^2 sum b^2 + 1e-16) on centred values: a class that the target gives the same probability throughout the
/// batch (none, under gated labels) correlates with nothing and adds a constant.
/// Images without target (rows of zeros) are left out of both. A variant (DIST+) that adds a channel correlation is not offered: the code
/// that has it adds the correlation where it should subtract it.
/// </remarks>
internal static class Correlation
{
    const double Smallest = 1e-16;

    /// <summary>z_S[n, labels], p_T[n, labels] -> scalar.</summary>
    /// <param name="logits">The student's scores.</param>
    /// <param name="target">p_T, already softened by the same temperature.</param>
    /// <param name="options">beta, gamma, T.</param>
    public static Tensor Distance(Tensor logits, Tensor target, DistTerm options)
    {
        using var scope = NewDisposeScope();
        var counts = target.sum(1, keepdim: true).gt(0).to_type(logits.dtype);
        var owned = counts.sum();
        var images = owned.clamp_min(1);
        var student = nn.functional.softmax(logits / options.Temperature, 1);

        var within = Pearson(student - student.mean([1], keepdim: true), target - target.mean([1], keepdim: true), 1).unsqueeze(1);
        var byImage = ((1 - within) * counts).sum() / logits.shape[0];

        var across = Pearson(Centred(student), Centred(target), 0);
        var byClass = (1 - across).mean() * (owned / logits.shape[0]);
        var loss = byImage * options.Beta + byClass * options.Gamma;
        return (loss * (options.Temperature * options.Temperature)).MoveToOuterDisposeScope();

        Tensor Centred(Tensor p) => (p - (p * counts).sum(0, keepdim: true) / images) * counts;
    }

    static Tensor Pearson(Tensor a, Tensor b, long over) => (a * b).sum(over) * (a.square().sum(over) * b.square().sum(over) + Smallest).rsqrt();
}
