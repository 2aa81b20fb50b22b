using OnnxAmalgam.Trainable.Operators;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Ops;

/// <summary>What differs in a tensor.</summary>
internal static class Uniqueness
{
    public static readonly Operator[] Rows =
    [
        new("Unique", Since: 11, Unique) { Attributes = ["axis", "sorted"], MaxOutputs = 4 },
    ];

    /// <summary>X -> the slices along <c>axis</c> (or elements of X flattened) that differ, sorted or in order of appearance; where each is first; which of
    /// them each slice of X is; how often each is there.</summary>
    static Kernel Unique(OperatorNode n)
    {
        var (axis, sorted) = (n.Int("axis"), n.Flag("sorted", true));
        return c =>
        {
            using var scope = NewDisposeScope();
            var x = axis is null ? c[0].flatten() : c[0];
            var along = axis ?? 0;
            var count = (int)x.shape[Axes.Normal(along, (int)x.dim())];
            var slices = Slices(x.detach().movedim([along], [0L]).reshape(count, -1), count);
            var (first, whose) = Distinct(slices, sorted);
            var counts = new long[first.Count];
            foreach (var index in whose) counts[index]++;
            var places = tensor(first.ToArray(), device: x.device);
            Tensor[] results = [x.index_select(along, places), places, tensor(whose, device: x.device), tensor(counts, device: x.device)];
            foreach (var result in results) result.MoveToOuterDisposeScope();
            return results;
        };
    }

    static double[][] Slices(Tensor matrix, int count)
    {
        var numbers = matrix.cpu().to_type(ScalarType.Float64).flatten().data<double>().ToArray();
        return [.. Enumerable.Range(0, count).Select(i => numbers[(i * (numbers.Length / count))..((i + 1) * (numbers.Length / count))])];
    }

    static (List<long> First, long[] Whose) Distinct(double[][] slices, bool sorted)
    {
        var order = Enumerable.Range(0, slices.Length).OrderBy(i => slices[i], Comparer<double[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b))).ToArray();
        var (first, whose) = (new List<long>(), new long[slices.Length]);
        for (var i = 0; i < order.Length; i++)
        {
            if (i == 0 || !slices[order[i]].AsSpan().SequenceEqual(slices[order[i - 1]])) first.Add(order[i]);
            whose[order[i]] = first.Count - 1;
        }

        if (sorted) return (first, whose);
        var byAppearance = Enumerable.Range(0, first.Count).OrderBy(i => first[i]).ToArray();
        var rank = new long[first.Count];
        for (var i = 0; i < rank.Length; i++) rank[byAppearance[i]] = i;
        return ([.. byAppearance.Select(i => first[i])], Array.ConvertAll(whose, i => rank[i]));
    }
}
