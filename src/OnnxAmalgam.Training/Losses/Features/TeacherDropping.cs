using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Losses.Features;

/// <summary>Which teachers count for which image: the one that the student is worst at always, each other one by chance.</summary>
/// <remarks>
/// c_tn = 1 for t = arg max_t l_tn, else 0 with the given chance and 1 without; c is divided by its sum over teachers and images and has no
/// gradient; the term is sum_tn c_tn l_tn. Sariyildiz et al., <i>UNIC: Universal Classification Models via Multi-teacher Distillation</i>,
/// ECCV 2024 (arXiv 2408.05088), chance 0.5: the student works at the teachers it has not caught up with.
/// With dropping the term is a mean over the teachers that count, without it the sum over all.
/// Draws are counter based: a function of seed, term, step, teacher and place in the batch.
/// </remarks>
internal static class TeacherDropping
{
    /// <summary>Losses L[teachers, n] -> coefficients C[teachers, n], which sum to 1; the caller owns them.</summary>
    /// <param name="losses">L.</param>
    /// <param name="chance">Of leaving a teacher out that is not the worst.</param>
    /// <param name="draw">The k-th random number of this step, in [0, 1).</param>
    public static Tensor Coefficients(Tensor losses, double chance, Func<int, double> draw)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var worst = losses.argmax(0, keepdim: true);
        var isWorst = arange(losses.shape[0], device: losses.device).unsqueeze(1).eq(worst);
        var kept = Upload.To(tensor(Enumerable.Range(0, (int)losses.numel()).Select(k => draw(k) >= chance).ToArray(), losses.shape), losses.device);
        var counts = isWorst.logical_or(kept).to_type(losses.dtype);
        return (counts / counts.sum()).MoveToOuterDisposeScope();
    }
}
