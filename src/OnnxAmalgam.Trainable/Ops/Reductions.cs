using OnnxAmalgam.Trainable.Operators;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Ops;

/// <summary>Reductions along axes, and what looks for places along one.</summary>
internal static class Reductions
{
    /// <summary>X, axes, keepdims -> X reduced.</summary>
    delegate Tensor Reduction(Tensor x, long[] axes, bool keep);

    public static readonly Operator[] Rows =
    [
        .. Reduce("ReduceSum", 13, Sum), .. Reduce("ReduceMean", 18, Mean),
        .. Reduce("ReduceMax", 18, (x, axes, keep) => x.amax(axes, keep)), .. Reduce("ReduceMin", 18, (x, axes, keep) => x.amin(axes, keep)),
        .. Reduce("ReduceProd", 18, Prod), .. Reduce("ReduceL1", 18, L1), .. Reduce("ReduceL2", 18, L2),
        .. Reduce("ReduceLogSum", 18, LogSum), .. Reduce("ReduceLogSumExp", 18, LogSumExp), .. Reduce("ReduceSumSquare", 18, SumSquare),
        new("ArgMax", Since: 1, n => Arg(n, last: false, (x, axis) => x.argmax(axis, keepdim: true))) { Attributes = ["axis", "keepdims"] },
        new("ArgMax", Since: 12, n => Arg(n, n.Flag("select_last_index"), (x, axis) => x.argmax(axis, keepdim: true))) { Attributes = ["axis", "keepdims", "select_last_index"] },
        new("ArgMin", Since: 1, n => Arg(n, last: false, (x, axis) => x.argmin(axis, keepdim: true))) { Attributes = ["axis", "keepdims"] },
        new("ArgMin", Since: 12, n => Arg(n, n.Flag("select_last_index"), (x, axis) => x.argmin(axis, keepdim: true))) { Attributes = ["axis", "keepdims", "select_last_index"] },
        new("TopK", Since: 1, TopKByAttribute) { Attributes = ["axis", "k"], MaxOutputs = 2 },
        new("TopK", Since: 10, n => TopKByInput(n, largest: true)) { Attributes = ["axis"], Host = [1], MaxOutputs = 2 },
        new("TopK", Since: 11, n => TopKByInput(n, n.Flag("largest", true))) { Attributes = ["axis", "largest", "sorted"], Ignored = ["sorted"], Host = [1], MaxOutputs = 2 },
        new("CumSum", Since: 11, CumSum) { Attributes = ["exclusive", "reverse"], Host = [1], Precision = Precision.Full },
    ];

    /// <summary>A row for axes as an attribute, and one for axes as an input.</summary>
    static Operator[] Reduce(string type, int inputSince, Reduction reduction) =>
    [
        new(type, 1, n => ByAttribute(n, reduction)) { Attributes = ["axes", "keepdims"], Precision = Precision.Full },
        new(type, inputSince, n => ByInput(n, reduction)) { Attributes = ["keepdims", "noop_with_empty_axes"], Host = [1], Precision = Precision.Full },
    ];

    static Kernel ByAttribute(OperatorNode n, Reduction reduction)
    {
        var (axes, keep) = (n.Ints("axes"), n.Flag("keepdims", true));
        return c => [Reduce(c[0], axes, keep, reduction)];
    }

    static Kernel ByInput(OperatorNode n, Reduction reduction)
    {
        var (keep, noop) = (n.Flag("keepdims", true), n.Flag("noop_with_empty_axes"));
        return c =>
        {
            var axes = c.OptionalInts(1);
            return [noop && axes is null or [] ? OfEach(c[0], reduction) : Reduce(c[0], axes, keep, reduction)];
        };
    }

    static Tensor Reduce(Tensor x, long[]? axes, bool keep, Reduction reduction)
    {
        var all = Axes.NormalOrAll(axes, (int)x.dim());
        return all.Length == 0 ? OfEach(x, reduction) : reduction(x, all, keep);
    }

    /// <summary>The reduction of each element by itself: absolute values, squares, ... (libtorch takes no axes to mean all).</summary>
    static Tensor OfEach(Tensor x, Reduction reduction)
    {
        using var one = x.unsqueeze(0);
        return reduction(one, [0], keep: false);
    }

    /// <summary>The sum, in the type of X: libtorch widens small integers.</summary>
    static Tensor Sum(Tensor x, long[] axes, bool keep) => x.sum(axes, keep, x.dtype);

    /// <summary>The mean; that of integers is cut towards zero.</summary>
    static Tensor Mean(Tensor x, long[] axes, bool keep)
    {
        if (FloatTypes.IsFloat(x.dtype)) return x.mean(axes, keep);
        using var sum = Sum(x, axes, keep);
        return sum.div(axes.Aggregate(1L, (count, axis) => count * x.shape[axis]), RoundingMode.trunc);
    }

    static Tensor Prod(Tensor x, long[] axes, bool keep)
    {
        var result = x.alias();
        foreach (var axis in axes.OrderDescending())
        {
            using var before = result;
            result = before.prod(axis, keep, x.dtype);
        }

        return result;
    }

    /// <summary>Sum of absolute values.</summary>
    static Tensor L1(Tensor x, long[] axes, bool keep)
    {
        using var absolute = x.abs();
        return Sum(absolute, axes, keep);
    }

    /// <summary>Root of the sum of squares.</summary>
    static Tensor L2(Tensor x, long[] axes, bool keep)
    {
        using var sum = SumSquare(x, axes, keep);
        return FloatTypes.IsFloat(x.dtype) ? Roots.Of(sum, 2) : sum.sqrt().to_type(x.dtype);
    }

    static Tensor LogSum(Tensor x, long[] axes, bool keep)
    {
        using var sum = Sum(x, axes, keep);
        return sum.log();
    }

    /// <summary>log(sum(exp X)), with the largest element taken out first.</summary>
    static Tensor LogSumExp(Tensor x, long[] axes, bool keep)
    {
        using var scope = NewDisposeScope();
        var largest = x.detach().amax(axes, keepdim: true);
        largest = largest.masked_fill(largest.isinf(), 0);
        var sum = x.sub(largest).exp().sum(axes, keepdim: true).log().add(largest);
        return (keep ? sum : sum.reshape([.. x.shape.Where((_, i) => !axes.Contains(i))])).MoveToOuterDisposeScope();
    }

    static Tensor SumSquare(Tensor x, long[] axes, bool keep)
    {
        using var squares = x.square();
        return Sum(squares, axes, keep);
    }

    /// <summary>X -> the index of the extreme element along <c>axis</c>, the first or the last of equal ones.</summary>
    static Kernel Arg(OperatorNode n, bool last, Func<Tensor, long, Tensor> find)
    {
        var (axis, keep) = (n.Int("axis", 0), n.Flag("keepdims", true));
        return c =>
        {
            using var scope = NewDisposeScope();
            var index = last ? find(c[0].flip([axis]), axis).neg().add(c[0].shape[Axes.Normal(axis, (int)c[0].dim())] - 1) : find(c[0], axis);
            return [(keep ? index : index.squeeze(axis)).MoveToOuterDisposeScope()];
        };
    }

    /// <summary>X -> the <c>k</c> largest elements along <c>axis</c>, sorted, and their indices.</summary>
    static Kernel TopKByAttribute(OperatorNode n)
    {
        var axis = n.Int("axis", -1);
        var k = n.Int("k") ?? throw OperatorNode.Refuse("k", "a number", "none");
        return c => TopK(c[0], k, axis, largest: true);
    }

    /// <summary>X, K[1] -> the K largest (or smallest) elements along <c>axis</c>, sorted, and their indices.</summary>
    static Kernel TopKByInput(OperatorNode n, bool largest)
    {
        var axis = n.Int("axis", -1);
        return c => TopK(c[0], c.Ints(1)[0], axis, largest);
    }

    /// <remarks>Of equal elements the first comes first, which libtorch's own topk does not promise.</remarks>
    static Tensor[] TopK(Tensor x, long k, long axis, bool largest)
    {
        var (sorted, places) = sort(x, axis, descending: largest, stable: true);
        using (sorted)
        using (places)
            return [sorted.narrow(axis, 0, k), places.narrow(axis, 0, k)];
    }

    /// <summary>X, Axis -> running sums along the axis, from the end (<c>reverse</c>), without the element itself (<c>exclusive</c>).</summary>
    static Kernel CumSum(OperatorNode n)
    {
        var (exclusive, reverse) = (n.Flag("exclusive"), n.Flag("reverse"));
        return c =>
        {
            using var scope = NewDisposeScope();
            var axis = c.Ints(1)[0];
            var x = reverse ? c[0].flip([axis]) : c[0];
            var sums = x.cumsum(axis, x.dtype);
            // moved along by one, not less the element: that would lose digits to cancellation
            if (exclusive && x.shape[Axes.Normal(axis, (int)x.dim())] is > 0 and var size)
                sums = cat([zeros_like(sums.narrow(axis, 0, 1)), sums.narrow(axis, 0, size - 1)], axis);
            return [(reverse ? sums.flip([axis]) : sums).MoveToOuterDisposeScope()];
        };
    }
}
