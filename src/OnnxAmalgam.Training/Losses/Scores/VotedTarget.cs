using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Losses.Scores;

/// <summary>Cross-entropy to the target with the class that most teachers vote for emphasised.</summary>
/// <remarks>
/// v[n, c] = sum_i w_i(n) [c is the label of teacher i's largest score], c* = the label of most votes, of equals the one that p_T gives
/// more; p' = (p_T + e [c = c*]) / (1 + e), e the emphasis; L = -T^2 mean_n sum_c p' log softmax(z_S / T).
/// w: the gate's weights under <c>gated</c> labels, else 1. After the logit voting of Wang et al., <i>UNIFORM</i>, 2025 (arXiv 2508.19498); the form of
/// the emphasis is ours. Where no two teachers share a label each has one vote and p_T decides, so that the likeliest label is emphasised: with teachers
/// of overlapping labels it is a vote. An image without target has no loss.
/// </remarks>
internal static class VotedTarget
{
    /// <summary>p_T[n, labels], votes V[n, labels] -> p'[n, labels], without gradient.</summary>
    public static Tensor Emphasised(Tensor target, Tensor votes, double emphasis)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        // Weights add up in any order: what is equal to a millionth is a tie, which p_T decides.
        var most = votes.ge(votes.amax([1], keepdim: true) * (1 - 1e-6));
        var winner = nn.functional.one_hot(target.masked_fill(most.logical_not(), -1).argmax(1), target.shape[1]).to_type(target.dtype);
        var has = target.sum(1, keepdim: true).gt(0).to_type(target.dtype);
        return ((target + winner * has * emphasis) / (1 + emphasis)).MoveToOuterDisposeScope();
    }

    /// <summary>Each teacher's largest score as a vote of its weight, V[n, labels].</summary>
    /// <param name="logits">z_i[n, classes_i].</param>
    /// <param name="places">Labels of each teacher's classes.</param>
    /// <param name="labels">Size of the union.</param>
    /// <param name="weights">w[n, teachers]; null: all one.</param>
    public static Tensor Votes(IReadOnlyList<Tensor> logits, IReadOnlyList<Tensor> places, int labels, Tensor? weights)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var votes = logits[0].new_zeros(logits[0].shape[0], labels);
        foreach (var (i, (z, place)) in logits.Zip(places).Index())
        {
            var label = place.index_select(0, z.argmax(1)).unsqueeze(1);
            votes.scatter_add_(1, label, weights is null ? ones_like(label).to_type(votes.dtype) : weights.narrow(1, i, 1).to_type(votes.dtype));
        }
        return votes.MoveToOuterDisposeScope();
    }
}
