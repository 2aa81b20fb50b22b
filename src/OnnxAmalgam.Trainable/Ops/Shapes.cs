using OnnxAmalgam.Trainable.Operators;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Ops;

/// <summary>Shapes, and elements in another shape or order.</summary>
internal static class Shapes
{
    public static readonly Operator[] Rows =
    [
        new("Shape", Since: 1, _ => c => [c[0].shape]) { ReadsShapeOnly = true, IsExactInInt64 = true },
        new("Shape", Since: 15, ShapeSlice) { Attributes = ["start", "end"], ReadsShapeOnly = true, IsExactInInt64 = true },
        new("Size", Since: 1, _ => c => [tensor(c[0].numel())]) { ReadsShapeOnly = true, IsExactInInt64 = true },
        new("Reshape", Since: 5, _ => c => [Reshape(c[0], c.Ints(1), allowZero: false)]) { Host = [1], IsExactInInt64 = true },
        new("Reshape", Since: 14, ReshapeWithZero) { Attributes = ["allowzero"], Host = [1], IsExactInInt64 = true },
        new("Flatten", Since: 1, Flatten) { Attributes = ["axis"], IsExactInInt64 = true },
        new("Transpose", Since: 1, Transpose) { Attributes = ["perm"], IsExactInInt64 = true },
        new("Squeeze", Since: 1, SqueezeByAttribute) { Attributes = ["axes"], IsExactInInt64 = true },
        new("Squeeze", Since: 13, _ => c => [Squeeze(c[0], c.OptionalInts(1))]) { Host = [1], IsExactInInt64 = true },
        new("Unsqueeze", Since: 1, UnsqueezeByAttribute) { Attributes = ["axes"], IsExactInInt64 = true },
        new("Unsqueeze", Since: 13, _ => c => [Unsqueeze(c[0], c.Ints(1))]) { Host = [1], IsExactInInt64 = true },
        new("Concat", Since: 4, Concat) { Attributes = ["axis"], Joins = true, IsExactInInt64 = true },
        new("Split", Since: 2, SplitByAttribute) { Attributes = ["axis", "split"], MaxOutputs = int.MaxValue, IsExactInInt64 = true },
        new("Split", Since: 13, n => SplitByInput(n, null)) { Attributes = ["axis"], Host = [1], MaxOutputs = int.MaxValue, IsExactInInt64 = true },
        new("Split", Since: 18, n => SplitByInput(n, n.Int("num_outputs"))) { Attributes = ["axis", "num_outputs"], Host = [1], MaxOutputs = int.MaxValue, IsExactInInt64 = true },
        new("Expand", Since: 8, _ => Expand) { Host = [1], IsExactInInt64 = true },
        new("Tile", Since: 6, _ => c => [c[0].repeat(c.Ints(1))]) { Host = [1], IsExactInInt64 = true },
        new("DepthToSpace", Since: 1, n => DepthToSpace(n, "DCR")) { Attributes = ["blocksize"] },
        new("DepthToSpace", Since: 11, n => DepthToSpace(n, n.Choice("mode", "DCR", "DCR", "CRD"))) { Attributes = ["blocksize", "mode"] },
        new("CenterCropPad", Since: 18, CenterCropPad) { Attributes = ["axes"], Host = [1] },
        new("Col2Im", Since: 18, Col2Im) { Attributes = ["dilations", "pads", "strides"], Host = [1, 2], Refuses = "`dilations` other than 1 on 1 or 3 and more spatial axes (ONNX Runtime is wrong there)" },
        new("SpaceToDepth", Since: 1, SpaceToDepth) { Attributes = ["blocksize"] },
    ];

    /// <summary>X -> the part of its shape from <c>start</c> to before <c>end</c>; both are clamped.</summary>
    static Kernel ShapeSlice(OperatorNode n)
    {
        var (start, end) = (n.Int("start", 0), n.Int("end"));
        return c =>
        {
            var shape = c[0].shape;
            var from = Math.Clamp(Axes.Normal(start, shape.Length), 0, shape.Length);
            var to = Math.Clamp(Axes.Normal(end ?? shape.Length, shape.Length), from, shape.Length);
            return [tensor(shape[(int)from..(int)to])];
        };
    }

    static Kernel ReshapeWithZero(OperatorNode n)
    {
        var allowZero = n.Flag("allowzero");
        return c => [Reshape(c[0], c.Ints(1), allowZero)];
    }

    /// <summary>X, Shape -> X in that shape: 0 keeps the dimension (unless <c>allowzero</c>), -1 is what is left.</summary>
    static Tensor Reshape(Tensor x, long[] shape, bool allowZero)
    {
        if (allowZero || !shape.Contains(0)) return x.reshape(shape);
        var old = x.shape;
        return x.reshape([.. shape.Select((size, i) => size == 0 ? old[i] : size)]);
    }

    /// <summary>X -> [product of the dimensions before <c>axis</c>, product of the rest].</summary>
    static Kernel Flatten(OperatorNode n)
    {
        var axis = n.Int("axis", 1);
        return c =>
        {
            if (axis == 1 && c[0].dim() > 1) return [c[0].flatten(1)];
            var shape = c[0].shape;
            var rows = shape.Take((int)Axes.Normal(axis, shape.Length)).Aggregate(1L, (a, b) => a * b);
            var columns = shape.Skip((int)Axes.Normal(axis, shape.Length)).Aggregate(1L, (a, b) => a * b);
            return [c[0].reshape(rows, columns)];
        };
    }

    /// <summary>X -> X with axis i from <c>perm[i]</c>; without <c>perm</c> the axes in reverse.</summary>
    static Kernel Transpose(OperatorNode n)
    {
        var perm = n.Ints("perm");
        return c => [c[0].permute(perm ?? [.. Enumerable.Range(0, (int)c[0].dim()).Select(axis => (long)axis).Reverse()])];
    }

    static Kernel SqueezeByAttribute(OperatorNode n)
    {
        var axes = n.Ints("axes");
        return c => [Squeeze(c[0], axes)];
    }

    /// <summary>X -> X without those axes of size 1, or without all of them.</summary>
    static Tensor Squeeze(Tensor x, long[]? axes)
    {
        var shape = x.shape;
        var gone = axes?.Select(axis => Axes.Normal(axis, shape.Length)).ToHashSet();
        if (gone is not null && gone.FirstOrDefault(axis => shape[axis] != 1, -1) is >= 0 and var wrong)
            throw new ArgumentException($"expected size 1 at axis {wrong}");
        return x.reshape([.. shape.Where((size, i) => gone is null ? size != 1 : !gone.Contains(i))]);
    }

    static Kernel UnsqueezeByAttribute(OperatorNode n)
    {
        var axes = n.Ints("axes") ?? throw OperatorNode.Refuse("axes", "axes", "none");
        return c => [Unsqueeze(c[0], axes)];
    }

    /// <summary>X -> X with axes of size 1 at those places of the result.</summary>
    static Tensor Unsqueeze(Tensor x, long[] axes)
    {
        var rank = (int)x.dim() + axes.Length;
        var result = x.alias();
        foreach (var axis in axes.Select(axis => Axes.Normal(axis, rank)).Order())
        {
            using var before = result;
            result = before.unsqueeze(axis);
        }

        return result;
    }

    /// <summary>Inputs one after the other along <c>axis</c>.</summary>
    static Kernel Concat(OperatorNode n)
    {
        var axis = n.Int("axis") ?? throw OperatorNode.Refuse("axis", "an axis", "none");
        return c =>
        {
            var parts = new Tensor[c.Count];
            for (var i = 0; i < parts.Length; i++) parts[i] = c[i];
            return [cat(parts, axis)];
        };
    }

    static Kernel SplitByAttribute(OperatorNode n)
    {
        var (axis, sizes) = (n.Int("axis", 0), n.Ints("split"));
        return c => Split(c, axis, sizes, null);
    }

    static Kernel SplitByInput(OperatorNode n, long? count)
    {
        var axis = n.Int("axis", 0);
        return c => Split(c, axis, c.OptionalInts(1), count);
    }

    /// <summary>X -> parts along <c>axis</c>: of the given sizes, or equal ones (the last may be smaller).</summary>
    static Tensor[] Split(NodeCall c, long axis, long[]? sizes, long? count)
    {
        if (sizes is not null) return c[0].split(sizes, axis);
        var parts = count ?? c.OutputCount;
        var size = c[0].shape[Axes.Normal(axis, (int)c[0].dim())];
        var part = (size + parts - 1) / parts;
        return part > 0 ? c[0].split(part, (int)axis) : c[0].split(new long[parts], axis);
    }

    /// <summary>X, Shape -> X broadcast against the shape, both ways.</summary>
    static Tensor[] Expand(NodeCall c)
    {
        var (old, wanted) = (c[0].shape, c.Ints(1));
        var result = new long[Math.Max(old.Length, wanted.Length)];
        for (var i = 1; i <= result.Length; i++)
        {
            var (a, b) = (i <= old.Length ? old[^i] : 1, i <= wanted.Length ? wanted[^i] : 1);
            result[^i] = a == 1 ? b : a;
        }

        return [c[0].expand(result)];
    }

    /// <summary>X[n, c, h, w] -> [n, c / b^2, h b, w b]; <c>DCR</c>: the block is the outer part of the channel, <c>CRD</c>: the inner.</summary>
    static Kernel DepthToSpace(OperatorNode n, string mode)
    {
        var block = n.Int("blocksize") ?? throw OperatorNode.Refuse("blocksize", "a number", "none");
        return c =>
        {
            if (mode == "CRD") return [nn.functional.pixel_shuffle(c[0], block)];
            using var scope = NewDisposeScope();
            var s = c[0].shape;
            return
            [
                c[0].reshape(s[0], block, block, s[1] / (block * block), s[2], s[3]).permute(0, 3, 4, 1, 5, 2)
                    .reshape(s[0], s[1] / (block * block), s[2] * block, s[3] * block).MoveToOuterDisposeScope(),
            ];
        };
    }

    /// <summary>X, Shape -> the middle of X in that shape, zeros around it where X is smaller.</summary>
    static Kernel CenterCropPad(OperatorNode n)
    {
        var axes = n.Ints("axes");
        return c =>
        {
            using var scope = NewDisposeScope();
            var (shape, wanted, rank) = (c[0].shape, c.Ints(1), (int)c[0].dim());
            var (begins, ends) = (new long[rank], new long[rank]);
            for (var i = 0; i < wanted.Length; i++)
            {
                var axis = Axes.Normal(axes?[i] ?? i, rank);
                var more = wanted[i] - shape[axis];
                begins[axis] = more >= 0 ? more / 2 : -(-more / 2);
                ends[axis] = more - begins[axis];
            }

            return [Geometry.Pad(c[0], begins, ends, 0).MoveToOuterDisposeScope()];
        };
    }

    /// <summary>X[n, c prod(block), places], ImageShape[*], BlockShape -> [n, c, *], where blocks that overlap add up.</summary>
    static Kernel Col2Im(OperatorNode n)
    {
        var window = new Window(null, n.Ints("strides"), n.Ints("dilations"), n.Ints("pads"), "NOTSET");
        if (window.Dilations is { Length: not 2 } gaps && gaps.Any(gap => gap != 1)) throw OperatorNode.Refuse("dilations", "1 on other than 2 spatial axes", string.Join(", ", gaps));
        return c =>
        {
            using var scope = NewDisposeScope();
            var (image, g) = (c.Ints(1), window.On(default, c.Ints(2)));
            long[] whole = [.. image.Select((size, i) => size + g.Begins[i] + g.Ends[i])];
            var padded = g.Rank == 2
                ? nn.functional.fold(c[0], (whole[0], whole[1]), (g.Kernel[0], g.Kernel[1]), (g.Dilations[0], g.Dilations[1]), (0, 0), (g.Strides[0], g.Strides[1]))
                : Scattered(c[0], g, whole);
            for (var i = 0; i < g.Rank; i++) padded = padded.narrow(2 + i, g.Begins[i], image[i]);
            return [padded.MoveToOuterDisposeScope()];
        };
    }

    /// <summary>Every element of X[n, c prod(block), places] added where it came from.</summary>
    static Tensor Scattered(Tensor x, Geometry g, long[] whole)
    {
        var places = zeros(1, 1, dtype: ScalarType.Int64, device: x.device);
        for (var i = 0; i < g.Rank; i++)
        {
            var taps = arange(g.Kernel[i], dtype: ScalarType.Int64, device: x.device).mul(g.Dilations[i]).reshape(-1, 1);
            var starts = arange(((whole[i] - g.Span(i)) / g.Strides[i]) + 1, dtype: ScalarType.Int64, device: x.device).mul(g.Strides[i]);
            var along = taps.add(starts);
            places = places.mul(whole[i]).reshape(places.shape[0], 1, places.shape[1], 1).add(along.reshape(1, along.shape[0], 1, along.shape[1]))
                .reshape(places.shape[0] * along.shape[0], -1);
        }

        var planes = x.shape[1] / places.shape[0];
        return zeros([x.shape[0], planes, whole.Aggregate(1L, (a, b) => a * b)], x.dtype, x.device)
            .index_add(2, places.flatten(), x.reshape(x.shape[0], planes, -1), 1)
            .reshape([x.shape[0], planes, .. whole]);
    }

    /// <summary>X[n, c, h, w] -> [n, c b^2, h / b, w / b], the block the outer part of the channel.</summary>
    static Kernel SpaceToDepth(OperatorNode n)
    {
        var block = n.Int("blocksize") ?? throw OperatorNode.Refuse("blocksize", "a number", "none");
        return c =>
        {
            using var scope = NewDisposeScope();
            var s = c[0].shape;
            return
            [
                c[0].reshape(s[0], s[1], s[2] / block, block, s[3] / block, block).permute(0, 3, 5, 1, 2, 4)
                    .reshape(s[0], s[1] * block * block, s[2] / block, s[3] / block).MoveToOuterDisposeScope(),
            ];
        };
    }
}
