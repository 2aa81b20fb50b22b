using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Losses.Scores;

/// <summary>Cross-entropy of the student's softened scores to a target distribution over the union of labels.</summary>
/// <remarks>
/// L = -T^2 mean_n sum_c p_T[n, c] log softmax(z_S / T)[n, c]. Its gradient is (p_S - p_T) T / N per row, where a row of p_T sums to 1.
/// Hinton et al., <i>Distilling the Knowledge in a Neural Network</i>, 2015 (arXiv 1503.02531).
/// A row of p_T may sum to less (zero: an image without target); the mean is still over all N images, so that every image
/// has one share of the loss whatever else is in its batch.
/// The common feature learning paper writes a divergence, its code this cross-entropy: they differ by the target's entropy, a constant.
/// </remarks>
internal static class SoftTarget
{
    /// <summary>z_S[n, labels], p_T[n, labels] -> scalar.</summary>
    /// <param name="logits">The student's scores.</param>
    /// <param name="target">p_T, already softened by the same temperature.</param>
    /// <param name="temperature">T.</param>
    public static Tensor CrossEntropy(Tensor logits, Tensor target, double temperature)
    {
        using var scope = NewDisposeScope();
        var scores = nn.functional.log_softmax(logits / temperature, 1);
        var sum = (target * scores).sum();
        return (sum * (-temperature * temperature / logits.shape[0])).MoveToOuterDisposeScope();
    }
}
