using OnnxAmalgam.Training.CommonSpace;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Losses.Features;

/// <summary>Squared error between the matrices of channels' similarities within an image.</summary>
/// <remarks>
/// G = X X^T, X[c, h w] = the channels' maps as unit vectors; L_i = mean over images and pairs of channels of (G_S - G_i)^2, the student's
/// channels brought to the teacher's number by a learned 1x1 map first.
/// Liu et al., <i>Exploring Inter-Channel Correlation for Diversity-Preserved Knowledge Distillation</i> (ICKD), ICCV 2021 (arXiv 2202.03680), its form
/// for classification; weights around 2.5 with the sum over a row instead of the mean. A feature without positions has no maps.
/// </remarks>
internal sealed class InterChannelCorrelation : FeatureLoss
{
    readonly ModuleList<AffineLayer> embeddings;

    /// <summary>Draws a map for each tap.</summary>
    public InterChannelCorrelation(int student, IReadOnlyList<int> teachers, bool pooled, WeightSource source) : base(nameof(InterChannelCorrelation))
    {
        embeddings = new([.. teachers.Select(c => new AffineLayer(student, c, pooled, source))]);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Tensor ToEach(Tensor student, IReadOnlyList<Tensor> teachers)
    {
        using var scope = NewDisposeScope();
        return stack(teachers.Select((f, i) => PerImage((Similarities(embeddings[i].forward(student)) - Similarities(f)).square())).ToArray()).MoveToOuterDisposeScope();
    }

    static Tensor Similarities(Tensor feature)
    {
        var maps = nn.functional.normalize(feature.flatten(2), p: 2, dim: 2);
        return bmm(maps, maps.transpose(1, 2));
    }
}
