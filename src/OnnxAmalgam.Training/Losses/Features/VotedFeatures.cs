using OnnxAmalgam.Training.CommonSpace;
using OnnxAmalgam.Training.Recipes;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Losses.Features;

/// <summary>The student's feature against what the teachers' features agree on, dimension by dimension, in a latent space.</summary>
/// <remarks>
/// h_i = E_i F_i + b in d dimensions at each position, rebuilt by D_i; s = sign(sum_i h_i), the vote; t = mean over the teachers with
/// sign(h_i) = s of h_i; L = mean (1 - cos(P F_S + b, t)) + sum_i mean (D_i h_i + b - F_i)^2, no gradient from the first part to the
/// teachers' side, whose space the rebuilding alone makes. All maps 1x1. A teacher's part is its rebuilt error and an equal share of the first.
/// After the feature voting of Wang et al., <i>UNIFORM</i>, 2025 (arXiv 2508.19498). Differences: depth of the encoders and the distance to the
/// consensus are ours; the vote weighs each teacher by its feature's size, so that two teachers that disagree still have a majority.
/// With one teacher the vote is its own feature.
/// </remarks>
internal sealed class VotedFeatures : FeatureLoss
{
    readonly AffineLayer project;
    readonly ModuleList<AffineLayer> encoders;
    readonly ModuleList<AffineLayer> decoders;

    /// <summary>Draws the student's map, then encoders and decoders.</summary>
    public VotedFeatures(VotedFeaturesTerm options, int student, IReadOnlyList<int> teachers, bool pooled, WeightSource source) : base(nameof(VotedFeatures))
    {
        project = new(student, options.Channels, pooled, source);
        encoders = new([.. teachers.Select(c => new AffineLayer(c, options.Channels, pooled, source))]);
        decoders = new([.. teachers.Select(c => new AffineLayer(options.Channels, c, pooled, source))]);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Tensor ToEach(Tensor student, IReadOnlyList<Tensor> teachers)
    {
        using var scope = NewDisposeScope();
        var encoded = teachers.Select((f, i) => encoders[i].forward(f)).ToArray();
        var consensus = nn.functional.normalize(Consensus(stack(encoded)), p: 2, dim: 1);
        var cosine = (nn.functional.normalize(project.forward(student), p: 2, dim: 1) * consensus).sum([1]);
        var own = (1 - cosine).mean() / teachers.Count;
        return stack(teachers.Select((f, i) => nn.functional.mse_loss(decoders[i].forward(encoded[i]), f) + own).ToArray()).MoveToOuterDisposeScope();
    }

    /// <summary>H[k, ...] -> T[...], without gradient: for each element the mean of those that have the sign of the sum.</summary>
    internal static Tensor Consensus(Tensor encoded)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var agrees = encoded.sign().eq(encoded.sum([0]).sign().unsqueeze(0)).to_type(encoded.dtype);
        return ((encoded * agrees).sum([0]) / agrees.sum([0]).clamp_min(1)).MoveToOuterDisposeScope();
    }
}
