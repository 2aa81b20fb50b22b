using OnnxAmalgam.Training.CommonSpace;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Losses.Contrast;

/// <summary>Contrast between two features of each image in the common space, pairs of different images weighted by a learned map.</summary>
/// <remarks>
/// Of two views v1, v2 (student and a teacher, or two teachers), each the mean over positions, V[n, c]:
/// s_ij = exp(cos(v1_i, v2_j) / tau);
/// w_ij = [exp(1 - cos(g(v1_i), v2_j)) + exp(1 - cos(g(v2_i), v1_j))] / 2, g(v) = sigmoid(W v + b), one g for all pairs;
/// L_u = mean_j log(sum_i w_ij s_ij / (n s_jj)).
/// Images that g finds alike, likely of one class, weigh less as negatives. The term is the sum over pairs.
/// Zheng et al., <i>Heterogeneous Contrastive Learning</i> (HeroCon), KDD 2022 (arXiv 2105.09401), after its code.
/// Known differences: the code divides by n in one model and by 2 n in another, a constant (here n); there views are the outputs of two
/// networks that are trained, here features of the common space, and gradient flows to both sides of it; its learned weights, as in the
/// code, apply to the image's own pair too. Weights lie in 1..e, because neither features nor g are negative. tau is 1 there.
/// </remarks>
internal sealed class WeightedContrast : nn.Module
{
    readonly AffineLayer weights;
    readonly ContrastPairs pairs;
    readonly double temperature;

    /// <summary>Draws g; the module owns it.</summary>
    /// <param name="term">Pairs and temperature.</param>
    /// <param name="channels">Width of the common space.</param>
    /// <param name="source">Where its weights come from.</param>
    public WeightedContrast(ContrastiveTerm term, int channels, WeightSource source) : base(nameof(WeightedContrast))
    {
        (pairs, temperature) = (term.Pairs, term.Temperature);
        weights = new(channels, channels, pooled: true, source);
        RegisterComponents();
    }

    /// <summary>H[1 + k, n, c, ...], the student's first -> L[k].</summary>
    /// <param name="features">Features of the common space.</param>
    /// <param name="teachers">The teacher of each tap.</param>
    public Tensor ToEach(Tensor features, IReadOnlyList<int> teachers)
    {
        using var scope = NewDisposeScope();
        var views = ViewPairs.Pooled(features);
        var (_, n, c) = (views.shape[0], views.shape[1], views.shape[2]);
        var units = nn.functional.normalize(views, p: 2, dim: 2);
        var mapped = nn.functional.normalize(weights.forward(views.reshape(-1, c)).sigmoid().view(views.shape), p: 2, dim: 2);
        var of = ViewPairs.Of(pairs, teachers);
        return ViewPairs.ByTap(of, [.. of.Select(p => Between(p.First, p.Second))], features).MoveToOuterDisposeScope();

        Tensor Between(int first, int second)
        {
            var cosines = units[first].mm(units[second].t()) / temperature;
            var weight = ((1 - mapped[first].mm(units[second].t())).exp() + (1 - mapped[second].mm(units[first].t())).exp()) / 2;
            return ((weight.log() + cosines).logsumexp(0) - cosines.diagonal()).mean() - Math.Log(n);
        }
    }
}
