using OnnxAmalgam.Training.CommonSpace;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Losses.Balance;

/// <summary>Factors that make the terms' gradients alike in size, those of terms that fall behind larger.</summary>
/// <remarks>
/// L = sum_k v_k w_k L_k. At a weight W of the student that all terms train: g_k = |d(w_k L_k) / dW|, G_k = v_k g_k, r_k = (L_k / L_k at the first step)
/// over the mean of these; v moves by gradient descent on sum_k |G_k - mean(G) r_k^a|, the second part held, and is then scaled to sum to the number of
/// terms. As G_k is linear in v_k no second derivative is needed: dv_k = sign(G_k - mean(G) r_k^a) g_k, over the mean of g so that the rate has no unit.
/// Chen et al., <i>GradNorm</i>, ICML 2018 (arXiv 1711.02257), a = 1.5, rate 0.025; over teachers in KamalEngine, over terms here. A term that gives W no
/// gradient (reconstruction) keeps the factor 1. v_k stays at least 1e-3. Costs a backward pass from each term to W every step.
/// State: <c>factors</c>, <c>first</c> (the first losses; not above 0: not seen yet).
/// </remarks>
internal sealed class GradientNorms : LossBalance
{
    const double Smallest = 1e-3;
    readonly GradNormBalance options;
    readonly Tensor factors;
    readonly Tensor first;

    /// <summary>Starts at the recipe's weights; the module owns its buffers.</summary>
    public GradientNorms(GradNormBalance options, int terms, WeightSource source) : base(nameof(GradientNorms))
    {
        this.options = options;
        factors = ones(terms, source.Dtype, source.Device).DetachFromDisposeScope();
        first = zeros(terms, source.Dtype, source.Device).DetachFromDisposeScope();
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Tensor Total(IReadOnlyList<Tensor> terms, Tensor? shared)
    {
        using var scope = NewDisposeScope();
        if (shared is not null && training) Move(terms, shared);
        return (stack([.. terms]) * factors.clone()).sum().MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Factors() => factors.clone();

    void Move(IReadOnlyList<Tensor> terms, Tensor shared)
    {
        var norms = stack(terms.Select(t => Norm(t, shared)).ToArray()).to_type(factors.dtype);
        using var guard = no_grad();
        var losses = stack([.. terms]).detach().to_type(factors.dtype);
        first.copy_(where(first.gt(0), first, losses));
        var counts = norms.gt(0).logical_and(first.gt(0));
        var number = counts.sum().to_type(factors.dtype).clamp_min(1);
        Tensor Mean(Tensor x) => where(counts, x, zeros_like(x)).sum() / number;
        var sizes = factors * norms;
        var rates = losses / first.clamp_min(1e-30);
        var goal = Mean(sizes) * (rates / Mean(rates).clamp_min(1e-30)).clamp_min(0).pow(options.Alpha);
        var step = (sizes - goal).sign() * norms / Mean(norms).clamp_min(1e-30);
        var moved = (factors - step * options.Rate).clamp_min(Smallest);
        factors.copy_(where(counts, moved / Mean(moved).clamp_min(1e-30), factors));
    }

    /// <summary>|d term / d shared|; 0 where the term does not depend on it.</summary>
    static Tensor Norm(Tensor term, Tensor shared)
    {
        using var scope = NewDisposeScope();
        if (!term.requires_grad) return zeros([], term.dtype, term.device).MoveToOuterDisposeScope();
        var gradient = autograd.grad([term], [shared], retain_graph: true, allow_unused: true)[0];
        return (gradient is null || gradient.IsInvalid ? zeros([], term.dtype, term.device) : gradient.norm()).MoveToOuterDisposeScope();
    }
}
