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
            Refuses = "other than 2 spatial axes",
        },
    ];

    /// <summary>X[n, c, h, w], W[m, c/group, *kernel], Offsets[n, 2 offset_group prod(kernel), oh, ow], B[m]?, Mask[n, offset_group prod(kernel), oh, ow]? ->
    /// Y[n, m, oh, ow]. Between elements X is linear, outside it is 0.</summary>
    static Kernel DeformConv(OperatorNode n)
    {
        var window = Window.Of(n);
        var (groups, offsetGroups) = (n.Int("group", 1), n.Int("offset_group", 1));
        return c =>
        {
            if (c[0].dim() != 4) throw new ArgumentException($"expected 2 spatial axes, got {c[0].dim() - 2}");
            using var scope = NewDisposeScope();
            var (x, w, shape) = (c[0], c[1], c[0].shape);
            var g = window.On(default, w.shape.AsSpan(2));
            var (taps, high, wide) = (g.Kernel[0] * g.Kernel[1], c[2].shape[2], c[2].shape[3]);
            var offsets = c[2].reshape(shape[0], offsetGroups, taps, 2, high, wide);
            var mask = c.Optional(4)?.reshape(shape[0], offsetGroups, 1, taps, high * wide);
            var rows = offsets.select(3, 0).add(Base(g, 0, high, x).reshape(taps, high, 1));
            var columns = offsets.select(3, 1).add(Base(g, 1, wide, x).reshape(taps, 1, wide));
            var planes = x.reshape(shape[0], offsetGroups, shape[1] / offsetGroups, shape[2] * shape[3]);
            var sampled = Sampled(planes, rows.reshape(shape[0], offsetGroups, -1), columns.reshape(shape[0], offsetGroups, -1), shape[2], shape[3])
                .reshape(shape[0], offsetGroups, shape[1] / offsetGroups, taps, high * wide);
            if (mask is not null) sampled = sampled.mul(mask);
            var columnsOf = sampled.reshape(shape[0], groups, shape[1] / groups * taps, high * wide);
            var result = LinearAlgebra.Product(w.reshape(groups, w.shape[0] / groups, -1), columnsOf).reshape(shape[0], w.shape[0], high, wide);
            return [(c.Optional(3) is { } bias ? result.add(bias.reshape(-1, 1, 1)) : result).MoveToOuterDisposeScope()];
        };
    }

    /// <summary>Where each tap lies without offsets, along one axis: [taps, positions].</summary>
    static Tensor Base(Geometry g, int axis, long positions, Tensor like)
    {
        var starts = arange(positions, dtype: like.dtype, device: like.device).mul(g.Strides[axis]).sub(g.Begins[axis]);
        var taps = arange(g.Kernel[0] * g.Kernel[1], dtype: ScalarType.Int64, device: like.device);
        var tap = axis == 0 ? taps.div(g.Kernel[1], RoundingMode.floor) : taps.remainder(g.Kernel[1]);
        return tap.to_type(like.dtype).mul(g.Dilations[axis]).unsqueeze(1).add(starts);
    }

    /// <summary>Planes[n, groups, c, h w] at places [n, groups, p] -> [n, groups, c, p].</summary>
    static Tensor Sampled(Tensor planes, Tensor rows, Tensor columns, long height, long width)
    {
        Tensor? sum = null;
        foreach (var (row, rowShare) in Neighbours(rows, height))
        {
            foreach (var (column, columnShare) in Neighbours(columns, width))
            {
                var place = row.mul(width).add(column).unsqueeze(2).expand(-1, -1, planes.shape[2], -1);
                var part = planes.gather(3, place).mul(rowShare.mul(columnShare).unsqueeze(2));
                sum = sum is null ? part : sum.add(part);
            }
        }

        return sum!;
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
