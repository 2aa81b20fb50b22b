using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Losses.Scores;

/// <summary>Divergence between rows of scores that were standardised first: only their order and relative distances are learnt, not their scale.</summary>
/// <remarks>
/// Z(z) = (z - mean z) / (std z + 1e-7) for each row (deviation with n - 1); L = T^2 mean_n KL(p_T || softmax(Z(z_S) / T)).
/// Sun et al., <i>Logit Standardization in Knowledge Distillation</i>, CVPR 2024 (arXiv 2403.01427); the gradient flows through mean and
/// deviation, as in the published code.
/// With several teachers each one's row is standardised before the label mode merges them, p_T = softmax of [Z(z_1) Z(z_2) ...] / T for
/// concatenated labels, so that no teacher wins an image by the scale of its scores; the student's row is standardised over the whole
/// union. A standardised row of C scores is at most sqrt(C - 1) high, so under gated labels, whose target is zero outside a teacher's
/// labels, the divergence has no zero; what it orders stays the same. A row without target has no loss.
/// </remarks>
internal static class StandardisedLogits
{
    const double Epsilon = 1e-7;

    /// <summary>z[n, c] -> Z[n, c], rows of mean 0 and deviation 1; a row of equal scores becomes zeros.</summary>
    public static Tensor Rows(Tensor logits)
    {
        using var scope = NewDisposeScope();
        var centred = logits - logits.mean([1], keepdim: true);
        // The square root has no derivative at zero, which a row of equal scores has.
        var deviation = (centred.square().sum(1, keepdim: true) / Math.Max(logits.shape[1] - 1, 1)).clamp_min(Epsilon * Epsilon).sqrt();
        return (centred / (deviation + Epsilon)).MoveToOuterDisposeScope();
    }

    /// <summary>z_S[n, labels], p_T[n, labels] -> scalar.</summary>
    /// <param name="logits">The student's scores, not standardised.</param>
    /// <param name="target">p_T, of standardised scores softened by the same temperature.</param>
    /// <param name="temperature">T.</param>
    public static Tensor Divergence(Tensor logits, Tensor target, double temperature)
    {
        using var scope = NewDisposeScope();
        var scores = nn.functional.log_softmax(Rows(logits) / temperature, 1);
        return ((xlogy(target, target) - target * scores).sum() * (temperature * temperature / logits.shape[0])).MoveToOuterDisposeScope();
    }
}
