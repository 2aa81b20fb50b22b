using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Losses.Scores;

/// <summary>Divergence of the student, restricted to one teacher's labels, from that teacher.</summary>
/// <remarks>
/// L_i = T^2 mean_n w_i(n) KL(softmax(z_i / T) || softmax(z_S[L_i] / T)), summed over teachers by the caller. With L_i = L it is the
/// ordinary divergence. After Vongkulbhisal et al., <i>Unifying Heterogeneous Classifiers with Distillation</i>, CVPR 2019 (arXiv
/// 1904.06062), who minimise the cross-entropy form; the teacher's entropy between them is a constant.
/// Known limit: nothing here ties the scores of label groups that no teacher shares, so the arg max over the union is not trained.
/// </remarks>
internal static class RestrictedTarget
{
    /// <summary>z_S[n, labels], p_i[n, task] -> scalar.</summary>
    /// <param name="logits">The student's scores over the union.</param>
    /// <param name="task">Union indices of the teacher's labels, in the order of p_i.</param>
    /// <param name="target">p_i, already softened by the same temperature.</param>
    /// <param name="weights">w_i[n]; null: all one.</param>
    /// <param name="temperature">T.</param>
    public static Tensor Divergence(Tensor logits, Tensor task, Tensor target, Tensor? weights, double temperature)
    {
        using var scope = NewDisposeScope();
        var scores = nn.functional.log_softmax(logits.index_select(1, task) / temperature, 1);
        var divergence = (xlogy(target, target) - target * scores).sum([1]);
        if (weights is not null) divergence = divergence * weights;
        return (divergence.sum() * (temperature * temperature / logits.shape[0])).MoveToOuterDisposeScope();
    }
}
