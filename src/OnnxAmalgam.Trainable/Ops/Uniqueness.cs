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
            var rows = x.detach().movedim([along], [0L]).reshape(count, count == 0 ? 0 : x.numel() / count);
            var (first, whose) = FloatTypes.IsFloat(x.dtype) ? Distinct<double>(rows, ScalarType.Float64, sorted) : Distinct<long>(rows, ScalarType.Int64, sorted);
            var counts = new long[first.Count];
            foreach (var index in whose) counts[index]++;
            var places = tensor(first.ToArray(), device: x.device);
            Tensor[] results = [x.index_select(along, places), places, tensor(whose, device: x.device), tensor(counts, device: x.device)];
            foreach (var result in results) result.MoveToOuterDisposeScope();
            return results;
        };
    }

    /// <summary>X[n, m], compared in a type that holds its elements exactly.</summary>
    static (List<long> First, long[] Whose) Distinct<T>(Tensor rows, ScalarType type, bool sorted) where T : unmanaged, IComparable<T>, IEquatable<T>
    {
        var (count, length) = ((int)rows.shape[0], (int)rows.shape[1]);
        var numbers = rows.cpu().to_type(type).flatten().data<T>().ToArray();
        T[][] slices = [.. Enumerable.Range(0, count).Select(i => numbers[(i * length)..((i + 1) * length)])];
        var order = Enumerable.Range(0, count).OrderBy(i => slices[i], Comparer<T[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b))).ToArray();
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
