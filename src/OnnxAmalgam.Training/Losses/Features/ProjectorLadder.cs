using OnnxAmalgam.Training.CommonSpace;
using OnnxAmalgam.Training.Recipes;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Losses.Features;

/// <summary>Each teacher's feature against a sum of small networks on all of the student's taps.</summary>
/// <remarks>
/// o_i = sum_l M_il(F_S^l), M = linear, GELU, linear at each position, F_S^l averaged to the grid of the level that the teacher's tap lies
/// at (repeated where it is coarser); L_i = k mean (1 - cos(o_i, F_i)) + (1 - k) mean h(o_i - F_i), h = smooth L1, k = 0.5.
/// Sariyildiz et al., <i>UNIC</i>, ECCV 2024 (arXiv 2408.05088), a ladder over all blocks of a transformer, 768 hidden units (3072 at the
/// last), weights from a truncated normal; here the student's taps, one width, and the usual initialisation. Use it with
/// <c>teacher_dropping</c> and <c>standardise: ema</c>, nearly as there (see <see cref="FeatureStandardiser"/>). With one tap: <c>smooth_cosine</c> behind a deeper head.
/// </remarks>
internal sealed class ProjectorLadder : PyramidLoss
{
    readonly double share;
    readonly bool[] pooled;
    readonly ModuleList<Sequence> projectors;

    /// <summary>Draws a network for each pair of a teacher's tap and a level.</summary>
    public ProjectorLadder(LadderTerm options, IReadOnlyList<LevelShape> levels, WeightSource source) : base(nameof(ProjectorLadder))
    {
        share = options.Cosine;
        pooled = [.. levels.Select(l => l.Pooled)];
        projectors = new([.. levels.SelectMany(level => level.Teachers.SelectMany(c => levels.Select(from => Rung(from, level, options.Hidden, c, source))))]);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Tensor ToEach(IReadOnlyList<LevelFeatures> levels)
    {
        using var scope = NewDisposeScope();
        var (losses, next) = (new List<Tensor>(), 0);
        foreach (var level in levels)
        {
            var rungs = levels.Select((from, i) => OnGrid(from.Student, level.Student, Linear(pooled[i], level.Student.dim() == 2))).ToArray();
            foreach (var feature in level.Teachers)
            {
                var sum = rungs.Select(r => projectors[next++].forward(r)).ToArray().Aggregate((a, b) => Like(a, feature) + Like(b, feature));
                losses.Add(SmoothCosine.Distance(Like(sum, feature), feature, share));
            }
        }
        return stack(losses).MoveToOuterDisposeScope();
    }

    static Sequence Rung(LevelShape from, LevelShape to, int hidden, int outputs, WeightSource source)
    {
        var linear = Linear(from.Pooled, to.Pooled);
        return new(new AffineLayer(from.Student, hidden, linear, source), new GaussianUnit(), new AffineLayer(hidden, outputs, linear, source));
    }

    /// <summary>Whether a rung works on F[n, c]: where either end has no positions.</summary>
    static bool Linear(bool from, bool to) => from || to;

    static Tensor OnGrid(Tensor feature, Tensor level, bool linear) =>
        linear ? Pooled(feature)
        : feature.shape[2] == level.shape[2] && feature.shape[3] == level.shape[3] ? feature
        : nn.functional.adaptive_avg_pool2d(feature, (level.shape[2], level.shape[3]));

    static Tensor Pooled(Tensor feature) => feature.dim() == 2 ? feature : feature.flatten(2).mean([2]);

    /// <summary>O[n, c] at each position of a map.</summary>
    static Tensor Like(Tensor output, Tensor feature) =>
        output.dim() == feature.dim() ? output : output.unsqueeze(2).unsqueeze(3).expand(-1, -1, feature.shape[2], feature.shape[3]);
}
