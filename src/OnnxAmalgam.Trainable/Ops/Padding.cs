using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Ops;

/// <summary>ONNX's Pad. libtorch's own modes reach only the last three axes; the others are gathered, so that gradients follow.</summary>
internal static class Padding
{
    /// <summary>X padded (cut where negative) at the sides of the axes.</summary>
    /// <param name="x">The tensor.</param>
    /// <param name="pads">All begins, then all ends.</param>
    /// <param name="axes">The axes padded; null: all.</param>
    /// <param name="mode"><c>constant</c>, <c>reflect</c> (without the border), <c>edge</c> or <c>wrap</c>.</param>
    /// <param name="value">What <c>constant</c> puts there.</param>
    public static Tensor Pad(Tensor x, long[] pads, long[]? axes, string mode, double value)
    {
        var rank = (int)x.dim();
        var (begins, ends) = (new long[rank], new long[rank]);
        var count = pads.Length / 2;
        for (var i = 0; i < count; i++)
        {
            var axis = Axes.Normal(axes?[i] ?? i, rank);
            (begins[axis], ends[axis]) = (pads[i], pads[count + i]);
        }

        if (mode == "constant") return Geometry.Pad(x, begins, ends, value);
        using var scope = NewDisposeScope();
        var (result, shape) = (x.alias(), x.shape);
        for (var axis = 0; axis < rank; axis++)
        {
            if (begins[axis] == 0 && ends[axis] == 0) continue;
            var places = new long[begins[axis] + shape[axis] + ends[axis]];
            for (var i = 0; i < places.Length; i++) places[i] = Source(i - begins[axis], shape[axis], mode);
            result = result.index_select(axis, tensor(places, device: x.device));
        }

        return result.MoveToOuterDisposeScope();
    }

    /// <summary>The element that stands at a place outside the axis.</summary>
    static long Source(long place, long size, string mode)
    {
        switch (mode)
        {
            case "edge":
                return Math.Clamp(place, 0, size - 1);
            case "wrap":
                return ((place % size) + size) % size;
            default:
                if (size == 1) return 0;
                var period = 2 * (size - 1);
                var within = ((place % period) + period) % period;
                return within < size ? within : period - within;
        }
    }
}
