using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Losses.Scores;

/// <summary>Each label's probability by those teachers that know the label, and the student's binary cross-entropy to it.</summary>
/// <remarks>
/// q_i = sigmoid(z_i / T) for a tagger, softmax(z_i / T) for a classifier, at teacher i's labels;
/// m[n, c] = sum over teachers that know label c of w_i[n], q[n, c] = sum w_i q_i / m;
/// L = T^2 mean_n [sum_c m BCE(sigmoid(z_S / T), q) / sum_c m], zero for an image of nobody. A label that nobody judges costs nothing.
/// Its gradient is (sigmoid(z_S / T) - q) T m / (N sum_c m) per score: zero where the student says what the teachers say.
/// The multi-label form of Zheng et al. (HeroCon, arXiv 2105.09401, binary cross-entropy), with teachers' probabilities for true labels as in
/// Hinton et al., 2015. Weights w are all one unless domains say whose an image is.
/// </remarks>
internal static class MultiLabelTarget
{
    /// <summary>q and m, both [n, labels]; q is 0 where m is. No gradient.</summary>
    /// <param name="logits">z_i.</param>
    /// <param name="kinds">What each teacher's scores are.</param>
    /// <param name="places">Labels of each teacher's classes.</param>
    /// <param name="labels">Size of the union.</param>
    /// <param name="weights">w[n, teachers]; null: all one.</param>
    /// <param name="temperature">T.</param>
    public static (Tensor Probabilities, Tensor Weights) Of(IReadOnlyList<Tensor> logits, IReadOnlyList<ScoreKind> kinds, IReadOnlyList<Tensor> places, int labels, Tensor? weights, double temperature)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var n = logits[0].shape[0];
        var (sum, weight) = (logits[0].new_zeros(n, labels), logits[0].new_zeros(n, labels));
        foreach (var (i, (z, place)) in logits.Zip(places).Index())
        {
            var share = weights?.narrow(1, i, 1) ?? z.new_ones(n, 1);
            var probabilities = kinds[i] == ScoreKind.Sigmoid ? (z / temperature).sigmoid() : nn.functional.softmax(z / temperature, 1);
            sum.index_add_(1, place, probabilities * share, 1);
            weight.index_add_(1, place, share.expand(n, place.shape[0]).contiguous(), 1);
        }
        return ((sum / weight.where(weight.gt(0), weight.new_ones(1))).MoveToOuterDisposeScope(), weight.MoveToOuterDisposeScope());
    }

    /// <summary>z_S[n, labels], q and m -> scalar.</summary>
    public static Tensor CrossEntropy(Tensor student, Tensor probabilities, Tensor weights, double temperature)
    {
        using var scope = NewDisposeScope();
        var each = nn.functional.binary_cross_entropy_with_logits(student / temperature, probabilities, reduction: nn.Reduction.None) * weights;
        var images = each.sum([1]) / weights.sum([1]).clamp_min(1e-6);
        return (images.mean() * (temperature * temperature)).MoveToOuterDisposeScope();
    }
}
