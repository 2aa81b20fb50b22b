using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Losses.Features;

/// <summary>Squared error between the similarities that the student sees within a batch and those that each teacher sees.</summary>
/// <remarks>
/// G = F F^T over vec(F)[n, c h w], its rows divided by their norms; L_i = |G_S - G_i|^2 / N^2 (Frobenius).
/// Tung and Mori, <i>Similarity-Preserving Knowledge Distillation</i>, ICCV 2019 (arXiv 1907.09682); weights around 3000.
/// A row's entries shrink as the batch grows, so the loss of the same images twice over is half: by definition it depends on the batch
/// size. Channels and grids need not agree.
/// </remarks>
internal sealed class SimilarityPreserving() : FeatureLoss(nameof(SimilarityPreserving))
{
    /// <inheritdoc/>
    public override Tensor ToEach(Tensor student, IReadOnlyList<Tensor> teachers)
    {
        using var scope = NewDisposeScope();
        var own = Similarities(student);
        return stack(teachers.Select(f => (own - Similarities(f)).square().mean()).ToArray()).MoveToOuterDisposeScope();
    }

    static Tensor Similarities(Tensor feature)
    {
        var rows = feature.flatten(1);
        return nn.functional.normalize(rows.mm(rows.t()), p: 2, dim: 1);
    }
}
