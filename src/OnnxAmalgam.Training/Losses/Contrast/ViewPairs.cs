using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Losses.Contrast;

/// <summary>The pairs of features of one image that contrastive terms compare. View 0 is the student's, view 1 + k tap k's.</summary>
/// <remarks>Two taps of one teacher are no pair: nothing is to be learnt from a network that agrees with itself.</remarks>
internal static class ViewPairs
{
    /// <summary>The pairs, in a fixed order.</summary>
    /// <param name="which">Whose.</param>
    /// <param name="teachers">The teacher of each tap.</param>
    public static (int First, int Second)[] Of(ContrastPairs which, IReadOnlyList<int> teachers)
    {
        int[] taps = [.. Enumerable.Range(0, teachers.Count)];
        var student = taps.Select(k => (0, 1 + k));
        var between = taps.SelectMany(k => taps.Where(l => l > k && teachers[l] != teachers[k]).Select(l => (1 + k, 1 + l)));
        return which switch
        {
            ContrastPairs.Student => [.. student],
            ContrastPairs.Teachers => [.. between],
            _ => [.. student, .. between],
        };
    }

    /// <summary>H[1 + k, n, c, ...] -> each view's mean over positions as unit vectors U[1 + k, n, c].</summary>
    public static Tensor Units(Tensor features)
    {
        using var scope = NewDisposeScope();
        return nn.functional.normalize(Pooled(features), p: 2, dim: 2).MoveToOuterDisposeScope();
    }

    /// <summary>H[1 + k, n, c, ...] -> its mean over positions, V[1 + k, n, c].</summary>
    public static Tensor Pooled(Tensor features) => features.dim() == 3 ? features.alias() : features.flatten(3).mean([3]);

    /// <summary>A loss for each pair -> L[k]: a pair counts for its tap, a pair of two taps half for each. They sum to the pairs' sum.</summary>
    public static Tensor ByTap(IReadOnlyList<(int First, int Second)> pairs, IReadOnlyList<Tensor> losses, Tensor features)
    {
        using var scope = NewDisposeScope();
        var parts = Enumerable.Range(1, (int)features.shape[0] - 1).Select(view => pairs.Zip(losses)
            .Where(p => p.First.First == view || p.First.Second == view)
            .Select(p => p.First.First == 0 ? p.Second : p.Second / 2)
            .Aggregate(features.new_zeros(1).squeeze(0), (sum, loss) => sum + loss));
        return stack(parts.ToArray()).MoveToOuterDisposeScope();
    }
}
