using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Losses.Contrast;

/// <summary>Cross-entropy of finding, among a teacher's features of the whole batch, that of the student's image, and the other way round.</summary>
/// <remarks>
/// s_nm = &lt;u_S[n], u_i[m]&gt; / t on unit vectors of the common space;
/// L_i = -mean_n [log softmax_m(s)_nn + log softmax_n(s)_nn] / 2, log N for features that tell no images apart.
/// van den Oord et al., 2018 (arXiv 1807.03748); in both directions as Radford et al., ICML 2021 (arXiv 2103.00020). It matches pairs, and
/// keeps other images away, where <see cref="Features.PairedCosine"/> only matches. The batch's other images are the negatives, so the value depends
/// on the batch.
/// </remarks>
internal static class InfoNce
{
    /// <summary>Unit vectors U[1 + k, n, d], the student's first -> L[k].</summary>
    public static Tensor ToEach(Tensor units, double temperature)
    {
        using var scope = NewDisposeScope();
        var (k, n, d) = (units.shape[0] - 1, units.shape[1], units.shape[2]);
        var similarities = units.narrow(0, 1, k).reshape(k * n, d).mm(units[0].t()).view(k, n, n) / temperature;
        var found = similarities.log_softmax(1).diagonal(0, 1, 2) + similarities.log_softmax(2).diagonal(0, 1, 2);
        return (found.mean([1]) * -0.5).MoveToOuterDisposeScope();
    }
}
