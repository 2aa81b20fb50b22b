using OnnxAmalgam.Trainable.Operators;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Ops;

/// <summary>A convolution whose taps lie where an input says.</summary>
internal static class DeformableConvolution
{
    public static readonly Operator[] Rows =
    [
        new("DeformConv", Since: 19, DeformConv)
        {
            Weights = [1, 3],
            Attributes = ["dilations", "group", "kernel_shape", "offset_group", "pads", "strides"],
            Precision = Precision.Full,
        },
    ];

    /// <summary>X[n, c, *], W[m, c/group, *kernel], Offsets[n, offset_group prod(kernel) axes, *out], B[m]?, Mask[n, offset_group prod(kernel), *out]? ->
    /// Y[n, m, *out]. Between elements X is linear, outside it is 0.</summary>
    static Kernel DeformConv(OperatorNode n)
    {
        var window = Window.Of(n);
        var (groups, offsetGroups) = (n.Int("group", 1), n.Int("offset_group", 1));
        return c =>
        {
            using var scope = NewDisposeScope();
            var (x, w, shape, sizes) = (c[0], c[1], c[0].shape, c[0].shape[2..]);
            var g = window.On(default, w.shape.AsSpan(2));
            long[] positions = c[2].shape[2..];
            var (taps, places) = (Product(g.Kernel), Product(positions));
            var offsets = c[2].reshape([shape[0], offsetGroups, taps, g.Rank, .. positions]);
            var mask = c.Optional(4)?.reshape(shape[0], offsetGroups, 1, taps, places);
            Tensor[] at = [.. Enumerable.Range(0, g.Rank).Select(i => offsets.select(3, i).add(Base(g, i, positions, x)).reshape(shape[0], offsetGroups, -1))];
            var planes = x.reshape(shape[0], offsetGroups, shape[1] / offsetGroups, Product(sizes));
            var sampled = Sampled(planes, at, sizes).reshape(shape[0], offsetGroups, shape[1] / offsetGroups, taps, places);
            if (mask is not null) sampled = sampled.mul(mask);
            var columns = sampled.reshape(shape[0], groups, shape[1] / groups * taps, places);
            var result = LinearAlgebra.Product(w.reshape(groups, w.shape[0] / groups, -1), columns).reshape([shape[0], w.shape[0], .. positions]);
            if (c.Optional(3) is { } bias) result = result.add(bias.reshape([-1, .. Enumerable.Repeat(1L, g.Rank)]));
            return [result.MoveToOuterDisposeScope()];
        };
    }

    static long Product(long[] sizes) => sizes.Aggregate(1L, (a, b) => a * b);

    /// <summary>Where each tap lies without offsets, along one axis: [taps, *], 1 on the other axes.</summary>
    static Tensor Base(Geometry g, int axis, long[] positions, Tensor like)
    {
        var shape = Enumerable.Repeat(1L, g.Rank).ToArray();
        shape[axis] = positions[axis];
        var starts = arange(positions[axis], dtype: like.dtype, device: like.device).mul(g.Strides[axis]).sub(g.Begins[axis]).reshape(shape);
        var tap = arange(Product(g.Kernel), dtype: ScalarType.Int64, device: like.device).div(Product(g.Kernel[(axis + 1)..]), RoundingMode.floor).remainder(g.Kernel[axis]);
        return tap.to_type(like.dtype).mul(g.Dilations[axis]).reshape([-1, .. Enumerable.Repeat(1L, g.Rank)]).add(starts);
    }

    /// <summary>Planes[n, groups, c, prod(sizes)] at places [n, groups, p] along each axis -> [n, groups, c, p].</summary>
    static Tensor Sampled(Tensor planes, Tensor[] at, long[] sizes)
    {
        List<(Tensor? Place, Tensor? Share)> corners = [(null, null)];
        for (var i = 0; i < at.Length; i++)
        {
            var neighbours = Neighbours(at[i], sizes[i]);
            corners = [.. corners.SelectMany(corner => neighbours.Select(next =>
                ((Tensor?)corner.Place?.mul(sizes[i]).add(next.Place) ?? next.Place, (Tensor?)corner.Share?.mul(next.Share) ?? next.Share)))];
        }

        return corners.Select(corner => planes.gather(3, corner.Place!.unsqueeze(2).expand(-1, -1, planes.shape[2], -1)).mul(corner.Share!.unsqueeze(2)))
            .Aggregate((a, b) => a.add(b));
    }

    static (Tensor Place, Tensor Share)[] Neighbours(Tensor at, long size)
    {
        var before = at.detach().floor();
        var after = at.sub(before);
        return [Neighbour(before, after.neg().add(1), size), Neighbour(before.add(1), after, size)];
    }

    static (Tensor Place, Tensor Share) Neighbour(Tensor place, Tensor share, long size)
    {
        var inside = place.ge(0).logical_and(place.le(size - 1)).to_type(share.dtype);
        return (place.clamp(0, size - 1).to_type(ScalarType.Int64), share.mul(inside));
    }
}
