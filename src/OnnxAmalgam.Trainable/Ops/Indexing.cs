using OnnxAmalgam.Trainable.Operators;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Ops;

/// <summary>Elements picked by place, and written by place.</summary>
internal static class Indexing
{
    public static readonly Operator[] Rows =
    [
        new("Slice", Since: 1, SliceByAttributes) { Attributes = ["axes", "ends", "starts"], IsExactInInt64 = true },
        new("Slice", Since: 10, _ => c => [Slice(c[0], c.Ints(1), c.Ints(2), c.OptionalInts(3), c.OptionalInts(4))]) { Host = [1, 2, 3, 4], IsExactInInt64 = true },
        new("Gather", Since: 1, Gather) { Weights = [0], Attributes = ["axis"], IsExactInInt64 = true },
        new("GatherElements", Since: 11, GatherElements) { Weights = [0], Attributes = ["axis"] },
        new("GatherND", Since: 11, _ => c => [GatherNd(c[0], c[1], 0)]) { Weights = [0] },
        new("GatherND", Since: 12, GatherNdInBatches) { Weights = [0], Attributes = ["batch_dims"] },
        new("Scatter", Since: 9, n => ScatterElements(n, "none")) { Attributes = ["axis"] },
        new("ScatterElements", Since: 11, n => ScatterElements(n, "none")) { Attributes = ["axis"] },
        new("ScatterElements", Since: 16, n => ScatterElements(n, n.Choice("reduction", "none", "none", "add", "mul"))) { Attributes = ["axis", "reduction"] },
        new("ScatterElements", Since: 18, n => ScatterElements(n, n.Choice("reduction", "none", "none", "add", "mul", "min", "max"))) { Attributes = ["axis", "reduction"] },
        new("ScatterND", Since: 11, _ => c => [ScatterNd(c, "none")]),
        new("ScatterND", Since: 16, n => ScatterNd(n, "none", "add", "mul")) { Attributes = ["reduction"] },
        new("ScatterND", Since: 18, n => ScatterNd(n, "none", "add", "mul", "min", "max")) { Attributes = ["reduction"] },
        new("Compress", Since: 9, Compress) { Attributes = ["axis"], Host = [1] },
        new("ReverseSequence", Since: 10, ReverseSequence) { Attributes = ["batch_axis", "time_axis"], Host = [1] },
        new("EyeLike", Since: 9, EyeLike) { Attributes = ["dtype", "k"], ReadsShapeOnly = true },
        new("OneHot", Since: 9, OneHot) { Attributes = ["axis"], Host = [1] },
        new("NonZero", Since: 9, _ => NonZero),
        new("Trilu", Since: 14, Trilu) { Attributes = ["upper"], Host = [1] },
        new("Pad", Since: 2, PadByAttributes) { Attributes = ["mode", "pads", "value"] },
        new("Pad", Since: 11, n => PadByInputs(n, "constant", "reflect", "edge")) { Attributes = ["mode"], Host = [1, 2] },
        new("Pad", Since: 18, n => PadByInputs(n, "constant", "reflect", "edge")) { Attributes = ["mode"], Host = [1, 2, 3] },
        new("Pad", Since: 19, n => PadByInputs(n, "constant", "reflect", "edge", "wrap")) { Attributes = ["mode"], Host = [1, 2, 3] },
    ];

    static Kernel SliceByAttributes(OperatorNode n)
    {
        var starts = n.Ints("starts") ?? throw OperatorNode.Refuse("starts", "places", "none");
        var ends = n.Ints("ends") ?? throw OperatorNode.Refuse("ends", "places", "none");
        var axes = n.Ints("axes");
        return c => [Slice(c[0], starts, ends, axes, null)];
    }

    /// <summary>X -> X from starts to before ends along the axes, in steps that may be negative; places out of range are clamped.</summary>
    static Tensor Slice(Tensor x, long[] starts, long[] ends, long[]? axes, long[]? steps)
    {
        var shape = x.shape;
        var result = x.alias();
        for (var i = 0; i < starts.Length; i++)
        {
            var axis = (int)Axes.Normal(axes?[i] ?? i, shape.Length);
            var (size, step) = (shape[axis], steps?[i] ?? 1);
            using var before = result;
            if (step > 0)
            {
                var (from, to) = (Clamp(starts[i], size, 0, size), Clamp(ends[i], size, 0, size));
                result = before.slice(axis, from, Math.Max(from, to), step);
                continue;
            }

            // libtorch has no negative steps: the axis is turned round, and places are counted from its new beginning.
            using var turned = before.flip([axis]);
            var (first, last) = (size == 0 ? -1 : Clamp(starts[i], size, 0, size - 1), Clamp(ends[i], size, -1, size - 1));
            var begin = size - 1 - first;
            result = turned.slice(axis, begin, Math.Max(begin, size - 1 - last), -step);
        }

        return result;
    }

    static long Clamp(long place, long size, long least, long most) => Math.Clamp(place < 0 ? place + size : place, least, most);

    /// <summary>X, Indices of any rank -> X with <c>axis</c> replaced by the indices' axes; negative indices count from the end.</summary>
    static Kernel Gather(OperatorNode n)
    {
        var axis = n.Int("axis", 0);
        return c =>
        {
            using var scope = NewDisposeScope();
            var at = (int)Axes.Normal(axis, (int)c[0].dim());
            if (c[1].dim() == 0 && c.ConstantScalar(1) is { } only) return [c[0].select(at, (long)only).MoveToOuterDisposeScope()];
            var shape = c[0].shape;
            var picked = c[0].index_select(at, FromBeginning(c[1], shape[at]).flatten());
            return [picked.reshape([.. shape[..at], .. c[1].shape, .. shape[(at + 1)..]]).MoveToOuterDisposeScope()];
        };
    }

    /// <summary>X, Indices of X's rank -> the elements at those places along <c>axis</c>.</summary>
    static Kernel GatherElements(OperatorNode n)
    {
        var axis = n.Int("axis", 0);
        return c =>
        {
            using var scope = NewDisposeScope();
            return [c[0].gather(axis, FromBeginning(c[1], c[0].shape[Axes.Normal(axis, (int)c[0].dim())])).MoveToOuterDisposeScope()];
        };
    }

    static Kernel GatherNdInBatches(OperatorNode n)
    {
        var batch = (int)n.Int("batch_dims", 0);
        return c => [GatherNd(c[0], c[1], batch)];
    }

    /// <summary>X, Indices[*batch, *q, k] -> the part of X at each index tuple, after <c>batch_dims</c> shared axes.</summary>
    static Tensor GatherNd(Tensor x, Tensor indices, int batch)
    {
        using var scope = NewDisposeScope();
        var (shape, at) = (x.shape, indices.shape);
        var places = IndexTuple(indices, shape, batch);
        for (var i = batch - 1; i >= 0; i--)
        {
            var along = new long[at.Length - 1];
            Array.Fill(along, 1);
            along[i] = at[i];
            places = [arange(at[i], dtype: ScalarType.Int64, device: x.device).reshape(along), .. places];
        }

        return x.index(places).MoveToOuterDisposeScope();
    }

    /// <summary>One index tensor for each column of the last axis.</summary>
    static Tensor[] IndexTuple(Tensor indices, long[] shape, int batch) =>
        [.. indices.to_type(ScalarType.Int64).unbind(-1).Select((column, i) => FromBeginning(column, shape[batch + i]))];

    /// <summary>Indices as int64, negative ones counted from the beginning.</summary>
    static Tensor FromBeginning(Tensor indices, long size)
    {
        var wide = indices.to_type(ScalarType.Int64);
        return where(wide.lt(0), wide.add(size), wide);
    }

    /// <summary>X, Indices, Updates of one rank -> X with the updates written (or added, multiplied, ...) at those places along <c>axis</c>.</summary>
    static Kernel ScatterElements(OperatorNode n, string reduction)
    {
        var axis = n.Int("axis", 0);
        return c =>
        {
            using var scope = NewDisposeScope();
            var places = FromBeginning(c[1], c[0].shape[Axes.Normal(axis, (int)c[0].dim())]);
            return [Scattering.Write(c[0], axis, places, c[2], reduction).MoveToOuterDisposeScope()];
        };
    }

    static Kernel ScatterNd(OperatorNode n, params string[] reductions)
    {
        var reduction = n.Choice("reduction", "none", reductions);
        return c => [ScatterNd(c, reduction)];
    }

    /// <summary>X, Indices[*q, k], Updates[*q, *rest] -> X with each update written (or added, multiplied, ...) at its index tuple.</summary>
    static Tensor ScatterNd(NodeCall c, string reduction)
    {
        using var scope = NewDisposeScope();
        var shape = c[0].shape;
        var tuple = IndexTuple(c[1], shape, 0);
        if (reduction is "none" or "add")
        {
            var result = c[0].clone();
            result.index_put_(c[2], tuple, accumulate: reduction == "add");
            return result.MoveToOuterDisposeScope();
        }

        // The indexed axes become one, and so do the indices: row numbers of a matrix.
        var rows = shape.Take(tuple.Length).Aggregate(1L, (a, b) => a * b);
        var place = tuple.Select((column, i) => column.mul(shape[(i + 1)..tuple.Length].Aggregate(1L, (a, b) => a * b))).Aggregate((a, b) => a.add(b));
        var matrix = c[0].reshape(rows, -1);
        var updates = c[2].reshape(place.numel(), matrix.shape[1]);
        var places = place.reshape(-1, 1).expand(updates.shape);
        return Scattering.Write(matrix, 0, places, updates, reduction).reshape(shape).MoveToOuterDisposeScope();
    }

    /// <summary>X, Condition -> the slices along <c>axis</c> (or of X flattened) where the condition holds; what lies beyond its length is left out.</summary>
    static Kernel Compress(OperatorNode n)
    {
        var axis = n.Int("axis");
        return c =>
        {
            using var scope = NewDisposeScope();
            long[] kept = [.. c.Ints(1).Select((value, i) => (value, (long)i)).Where(pair => pair.value != 0).Select(pair => pair.Item2)];
            var x = axis is null ? c[0].flatten() : c[0];
            return [x.index_select(axis ?? 0, tensor(kept, device: x.device)).MoveToOuterDisposeScope()];
        };
    }

    /// <summary>X, Lengths[batch] -> X with the first elements along <c>time_axis</c> of each sequence in reverse.</summary>
    static Kernel ReverseSequence(OperatorNode n)
    {
        var (batch, time) = (n.Int("batch_axis", 1), n.Int("time_axis", 0));
        return c => [Reversed(c[0], c.Ints(1), batch, time)];
    }

    /// <summary>X with the first so many elements along the time axis of each sequence in reverse.</summary>
    internal static Tensor Reversed(Tensor x, long[] lengths, long batch, long time)
    {
        using var scope = NewDisposeScope();
        var shape = x.shape;
        var places = new long[shape[batch] * shape[time]];
        for (var i = 0; i < places.Length; i++)
        {
            var (b, t) = (i / shape[time], i % shape[time]);
            places[i] = t < lengths[b] ? lengths[b] - 1 - t : t;
        }

        var along = new long[shape.Length];
        Array.Fill(along, 1);
        (along[batch], along[time]) = (shape[batch], shape[time]);
        var index = tensor(places, device: x.device).reshape(shape[batch], shape[time]);
        return x.gather(time, (batch < time ? index : index.t()).reshape(along).expand(shape)).MoveToOuterDisposeScope();
    }

    /// <summary>X[n, m] -> ones on the <c>k</c>-th diagonal of a matrix of that shape.</summary>
    static Kernel EyeLike(OperatorNode n)
    {
        var type = n.Int("dtype") is null ? (ScalarType?)null : n.Type("dtype", Onnx.TensorProto.Types.DataType.Float);
        var k = n.Int("k", 0);
        return c =>
        {
            using var all = ones(c[0].shape, type ?? c[0].dtype, c[0].device);
            using var lower = all.tril(k);
            return [lower.triu(k)];
        };
    }

    /// <summary>Indices, Depth, Values[off, on] -> a new axis of that depth with the on value at the index; indices out of range have none.</summary>
    static Kernel OneHot(OperatorNode n)
    {
        var axis = n.Int("axis", -1);
        return c =>
        {
            using var scope = NewDisposeScope();
            var depth = (long)c.Numbers(1)[0];
            var at = Axes.Normal(axis, (int)c[0].dim() + 1);
            var shape = new long[c[0].dim() + 1];
            Array.Fill(shape, 1);
            shape[at] = depth;
            var places = FromBeginning(c[0], depth).unsqueeze(at);
            var hot = places.eq(arange(depth, dtype: ScalarType.Int64, device: c[0].device).reshape(shape));
            return [where(hot, c[2].select(0, 1), c[2].select(0, 0)).MoveToOuterDisposeScope()];
        };
    }

    /// <summary>X -> the places of its non-zero elements, [rank, count].</summary>
    static Tensor[] NonZero(NodeCall c)
    {
        using var places = c[0].nonzero();
        return [places.t()];
    }

    /// <summary>X[*, n, m], K? -> the upper or lower triangle from the K-th diagonal, zeros elsewhere.</summary>
    static Kernel Trilu(OperatorNode n)
    {
        var upper = n.Flag("upper", true);
        return c =>
        {
            var diagonal = c.OptionalInts(1)?[0] ?? 0;
            return [upper ? c[0].triu(diagonal) : c[0].tril(diagonal)];
        };
    }

    static Kernel PadByAttributes(OperatorNode n)
    {
        var pads = n.Ints("pads") ?? throw OperatorNode.Refuse("pads", "sizes", "none");
        var (mode, value) = (n.Choice("mode", "constant", "constant", "reflect", "edge"), n.Float("value", 0));
        return c => [Padding.Pad(c[0], pads, null, mode, value)];
    }

    /// <summary>X, Pads[begins, ends], Value?, Axes? -> X with more (or, where negative, fewer) elements at the sides.</summary>
    static Kernel PadByInputs(OperatorNode n, params string[] modes)
    {
        var mode = n.Choice("mode", "constant", modes);
        return c => [Padding.Pad(c[0], c.Ints(1), c.OptionalInts(3), mode, c.Has(2) ? c.Numbers(2)[0] : 0)];
    }
}
