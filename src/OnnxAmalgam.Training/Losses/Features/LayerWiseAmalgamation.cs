using OnnxAmalgam.Training.CommonSpace;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Losses.Features;

/// <summary>The teachers' features of a level put together into one as wide as the student's, which the student's is compared with.</summary>
/// <remarks>
/// r = W_r [F_1 F_2 ...] + b (all teachers' channels to the student's); [G_1 G_2 ...] = W_b r + b the way back;
/// L = mean (W_S F_S + b - r)^2 + sum_i mean (G_i - F_i)^2, no gradient from the first part to r, so that the second alone makes r hold
/// what the teachers know. All maps 1x1. A teacher's part is its own rebuilt error and an equal share of the first.
/// Shen et al., <i>Amalgamating Knowledge towards Comprehensive Classification</i>, AAAI 2019 (arXiv 1811.02796), in the form of KamalEngine,
/// where every convolution is a level and teachers and student are of one architecture; here the levels are the taps.
/// </remarks>
internal sealed class LayerWiseAmalgamation : FeatureLoss
{
    readonly AffineLayer merge;
    readonly AffineLayer split;
    readonly AffineLayer adapt;
    readonly long[] widths;

    /// <summary>Draws the three maps.</summary>
    public LayerWiseAmalgamation(int student, IReadOnlyList<int> teachers, bool pooled, WeightSource source) : base(nameof(LayerWiseAmalgamation))
    {
        widths = [.. teachers.Select(c => (long)c)];
        merge = new(widths.Sum(), student, pooled, source);
        split = new(student, widths.Sum(), pooled, source);
        adapt = new(student, student, pooled, source);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Tensor ToEach(Tensor student, IReadOnlyList<Tensor> teachers)
    {
        using var scope = NewDisposeScope();
        var merged = merge.forward(cat([.. teachers], 1));
        var own = nn.functional.mse_loss(adapt.forward(student), merged.detach()) / teachers.Count;
        var rebuilt = split.forward(merged).split(widths, 1);
        return stack(teachers.Select((f, i) => nn.functional.mse_loss(rebuilt[i], f) + own).ToArray()).MoveToOuterDisposeScope();
    }
}
