using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Losses.Scores;

/// <summary>Decoupled knowledge distillation: the divergence taken apart into the target class against the rest, and the rest among themselves.</summary>
/// <remarks>
/// With t = arg max p_T, p = p_T and s = softmax(z_S / T): L = T^2 mean_n [alpha TCKD + beta NCKD],
/// TCKD = KL([p_t, 1 - p_t] || [s_t, 1 - s_t]), NCKD = KL(p_c / (1 - p_t) || s_c / (1 - s_t)) over c other than t.
/// The ordinary divergence is TCKD + (1 - p_t) NCKD: a sure teacher silences what it says of the other classes, beta does not.
/// Zhao et al., <i>Decoupled Knowledge Distillation</i>, CVPR 2022 (arXiv 2203.08679).
/// Differences: the paper's target is the true label; there are none here, so it is the class that the teachers' target favours. The
/// published code raises the weight over the first 20 epochs; here it is constant. An image without target (a row of zeros) has no loss,
/// and where p_t is 1 to the last bit nothing is known of the rest and NCKD is zero.
/// </remarks>
internal static class DecoupledTarget
{
    /// <summary>z_S[n, labels], p_T[n, labels] -> scalar.</summary>
    /// <param name="logits">The student's scores.</param>
    /// <param name="target">p_T, already softened by the same temperature.</param>
    /// <param name="options">alpha, beta, T.</param>
    public static Tensor Divergence(Tensor logits, Tensor target, DkdTerm options)
    {
        using var scope = NewDisposeScope();
        var scaled = logits / options.Temperature;
        var column = target.argmax(1, keepdim: true);
        var isTarget = arange(target.shape[1], device: target.device).unsqueeze(0).eq(column);
        var others = scaled.masked_fill(isTarget, double.NegativeInfinity);
        var (all, rest) = (scaled.logsumexp(1), others.logsumexp(1));

        var known = target.gather(1, column).squeeze(1);
        var otherTargets = target.masked_fill(isTarget, 0);
        var unknown = otherTargets.sum(1);
        var binary = xlogy(known, known) - known * (scaled.gather(1, column).squeeze(1) - all)
            + xlogy(unknown, unknown) - unknown * (rest - all);

        var share = otherTargets / unknown.clamp_min(Smallest(target)).unsqueeze(1);
        var scores = (others - rest.unsqueeze(1)).masked_fill(isTarget, 0);
        var among = (xlogy(share, share) - share * scores).sum(1);
        return ((binary * options.Alpha + among * options.Beta).sum() * (options.Temperature * options.Temperature / logits.shape[0])).MoveToOuterDisposeScope();
    }

    /// <summary>The smallest normal number: what is below counts as nothing.</summary>
    static double Smallest(Tensor tensor) => tensor.dtype == ScalarType.Float64 ? 2.2250738585072014e-308 : 1.17549435e-38;
}
