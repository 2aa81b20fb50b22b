using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Losses.Features;

/// <summary>Maximum mean discrepancy between the maps of the student's channels and of each teacher's, image by image.</summary>
/// <remarks>
/// x_c = F[c] over positions as a unit vector, K(a, b) = &lt;a, b&gt;^2; L_i = mean_n [mean K(x, x') + mean K(y, y') - 2 mean K(x, y)] over
/// all pairs of channels. Huang and Wang, <i>Like What You Like: Knowledge Distill via Neuron Selectivity Transfer</i>, 2017 (arXiv
/// 1707.01219), polynomial kernel of degree 2; weights around 50. Numbers of channels need not agree; a feature without positions has no maps.
/// </remarks>
internal sealed class NeuronSelectivity() : FeatureLoss(nameof(NeuronSelectivity))
{
    /// <inheritdoc/>
    public override Tensor ToEach(Tensor student, IReadOnlyList<Tensor> teachers)
    {
        using var scope = NewDisposeScope();
        var own = Maps(student);
        var inner = Mean(own, own);
        return stack(teachers.Select(f => Maps(f) is var theirs ? inner + Mean(theirs, theirs) - Mean(own, theirs) * 2 : inner).ToArray()).MoveToOuterDisposeScope();
    }

    /// <summary>X[n, a, p], Y[n, b, p] -> the mean over pairs of &lt;x, y&gt;^2, K[n].</summary>
    static Tensor Mean(Tensor x, Tensor y) => bmm(x, y.transpose(1, 2)).square().mean([1, 2]);

    static Tensor Maps(Tensor feature) => nn.functional.normalize(feature.flatten(2), p: 2, dim: 2);
}
