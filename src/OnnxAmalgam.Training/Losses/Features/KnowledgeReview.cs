using OnnxAmalgam.Training.CommonSpace;
using OnnxAmalgam.Training.Recipes;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Losses.Features;

/// <summary>Each teacher's feature at every level against the student's, into which what the student has at all deeper levels is fused first.</summary>
/// <remarks>
/// For a teacher, from its deepest level to its first: x = BN(Conv1x1(F_S; c -> m)); below the deepest, with r the x of the level before,
/// brought to this grid (nearest), [a_1, a_2] = sigmoid(Conv1x1([x r]; 2 m -> 2)), x = a_1 x + a_2 r (attention-based fusion); o = BN(Conv3x3(x; m -> c_i));
/// hierarchical context loss L = [D(o, F_i) + sum_k 2^-k D(pool_s(o), pool_s(F_i))] / [1 + sum_k 2^-k], D the mean squared error, s = 4, 2, 1 where
/// smaller than the grid, k = 1, 2, ...
/// Chen et al., <i>Distilling Knowledge via Knowledge Review</i>, CVPR 2021 (arXiv 2104.09044); weights 1 to 8, raised over 20 epochs there and
/// constant here, m = 512 (ImageNet) or 256. With one level there is nothing to fuse: the hierarchical loss behind a 1x1 and a 3x3 map.
/// Batch normalisation is by the batch's statistics; no running ones are kept, as the maps are discarded.
/// </remarks>
internal sealed class KnowledgeReview : PyramidLoss
{
    static readonly int[] Pools = [4, 2, 1];
    readonly ModuleList<Fusion> fusions;

    /// <summary>Draws a fusion for each tap, level by level.</summary>
    public KnowledgeReview(ReviewTerm options, IReadOnlyList<LevelShape> levels, WeightSource source) : base(nameof(KnowledgeReview))
    {
        // A teacher is a column of taps; the fusions of taps at one level lie side by side.
        fusions = new([.. levels.SelectMany(level => level.Teachers.Select(c => new Fusion(level.Student, options.Channels, c, source)))]);
        RegisterComponents();
    }

    /// <inheritdoc/>
    /// <remarks>The n-th tap of a level fuses with the n-th of the next deeper one that has as many; where the levels differ in their number of taps,
    /// with that of the same place counted round.</remarks>
    public override Tensor ToEach(IReadOnlyList<LevelFeatures> levels)
    {
        using var scope = NewDisposeScope();
        var losses = new Tensor[fusions.Count];
        var (end, deeper) = (fusions.Count, Array.Empty<Tensor>());
        foreach (var level in levels.Reverse())
        {
            var start = end - level.Teachers.Count;
            var fused = level.Teachers.Select((_, i) => fusions[start + i].Fuse(level.Student, deeper.Length == 0 ? null : deeper[i % deeper.Length])).ToArray();
            for (var i = 0; i < fused.Length; i++) losses[start + i] = Hierarchical(fusions[start + i].Out(fused[i]), level.Teachers[i]);
            (end, deeper) = (start, fused.Length > 0 ? fused : deeper);
        }
        return stack(losses).MoveToOuterDisposeScope();
    }

    /// <summary>The hierarchical context loss of O[n, c, h, w] and F[n, c, h, w].</summary>
    internal static Tensor Hierarchical(Tensor output, Tensor feature)
    {
        using var scope = NewDisposeScope();
        var (sum, factor, factors) = (nn.functional.mse_loss(output, feature), 1.0, 1.0);
        foreach (var side in Pools.Where(s => s < output.shape[2]))
        {
            factor /= 2;
            factors += factor;
            sum += nn.functional.mse_loss(nn.functional.adaptive_avg_pool2d(output, side), nn.functional.adaptive_avg_pool2d(feature, side)) * factor;
        }
        return (sum / factors).MoveToOuterDisposeScope();
    }

    /// <summary>The maps of one tap.</summary>
    sealed class Fusion : nn.Module
    {
        readonly BiasFreeLayer conv1;
        readonly BatchNormalisation norm1;
        readonly AffineLayer attention;
        readonly BiasFreeLayer conv2;
        readonly BatchNormalisation norm2;

        public Fusion(int student, int middle, int teacher, WeightSource source) : base(nameof(Fusion))
        {
            conv1 = new(student, middle, 1, source);
            norm1 = new(middle, source);
            attention = new(2 * middle, 2, pooled: false, source);
            conv2 = new(middle, teacher, 3, source);
            norm2 = new(teacher, source);
            RegisterComponents();
        }

        public Tensor Fuse(Tensor student, Tensor? deeper)
        {
            using var scope = NewDisposeScope();
            var own = norm1.forward(conv1.forward(student));
            if (deeper is null) return own.MoveToOuterDisposeScope();
            var rest = nn.functional.interpolate(deeper, own.shape[2..], mode: InterpolationMode.Nearest);
            var share = attention.forward(cat([own, rest], 1)).sigmoid();
            return (own * share.narrow(1, 0, 1) + rest * share.narrow(1, 1, 1)).MoveToOuterDisposeScope();
        }

        public Tensor Out(Tensor fused) => norm2.forward(conv2.forward(fused));
    }
}
