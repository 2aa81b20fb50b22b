using OnnxAmalgam.Trainable.Operators;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Ops;

/// <summary>Resize and its forerunner Upsample: one axis after the other, each a weighted sum of picked elements, so that every
/// coordinate mode is exact and gradients follow.</summary>
internal static class Resize
{
    static readonly string[] Coordinates =
        ["half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric"];

    public static readonly Operator[] Rows =
    [
        new("Upsample", Since: 7, UpsampleByAttribute) { Attributes = ["mode", "scales"] },
        new("Upsample", Since: 9, n => Asymmetric(n)) { Attributes = ["mode"], Host = [1] },
        new("Resize", Since: 10, n => Asymmetric(n)) { Attributes = ["mode"], Host = [1] },
        new("Resize", Since: 11, n => Full(n)) { Attributes = [.. Common], Ignored = ["extrapolation_value"], Host = [1, 2, 3] },
        new("Resize", Since: 18, n => Full(n)) { Attributes = [.. Common, "antialias", "axes", "keep_aspect_ratio_policy"], Ignored = ["extrapolation_value"], Host = [1, 2, 3] },
    ];

    static string[] Common =>
        ["coordinate_transformation_mode", "cubic_coeff_a", "exclude_outside", "extrapolation_value", "mode", "nearest_mode"];

    static Kernel UpsampleByAttribute(OperatorNode n)
    {
        var scales = n.Floats32("scales") ?? throw OperatorNode.Refuse("scales", "a scale for each axis", "none");
        var filter = Filter.Asymmetric(n.Choice("mode", "nearest", "nearest", "linear"));
        return c => [Apply(c[0], Sizes(c[0].shape, Array.ConvertAll(scales, s => (double)s)), Array.ConvertAll(scales, s => (double)s), filter)];
    }

    /// <summary>X, Scales -> X resized with output place times 1/scale as the input place; nearest is rounded down.</summary>
    static Kernel Asymmetric(OperatorNode n)
    {
        var filter = Filter.Asymmetric(n.Choice("mode", "nearest", "nearest", "linear"));
        return c => [Apply(c[0], Sizes(c[0].shape, c.Numbers(1)), c.Numbers(1), filter)];
    }

    /// <summary>X, Roi (ignored: only cropping reads it), Scales?, Sizes? -> X resized.</summary>
    static Kernel Full(OperatorNode n)
    {
        var filter = new Filter(
            n.Choice("mode", "nearest", "nearest", "linear", "cubic"),
            n.Choice("coordinate_transformation_mode", "half_pixel", Coordinates),
            n.Choice("nearest_mode", "round_prefer_floor", "round_prefer_floor", "round_prefer_ceil", "floor", "ceil"),
            n.Float("cubic_coeff_a", -0.75f), n.Flag("exclude_outside"));
        var axes = n.Declares("axes") ? n.Ints("axes") : null;
        if (n.Declares("antialias"))
        {
            if (n.Flag("antialias")) throw OperatorNode.Refuse("antialias", "0", "1");
            n.Choice("keep_aspect_ratio_policy", "stretch", "stretch");
        }

        return c =>
        {
            var shape = c[0].shape;
            if (c.OptionalInts(3) is { Length: > 0 } wanted)
            {
                var sizes = Spread(shape, wanted, axes);
                return [Apply(c[0], sizes, [.. sizes.Select((size, i) => (double)size / shape[i])], filter)];
            }

            var all = new double[shape.Length];
            Array.Fill(all, 1);
            var scales = Spread(all, c.Numbers(2), axes);
            return [Apply(c[0], Sizes(shape, scales), scales, filter)];
        };
    }

    static T[] Spread<T>(T[] all, T[] some, long[]? axes)
    {
        if (axes is null) return some;
        var result = (T[])all.Clone();
        for (var i = 0; i < some.Length; i++) result[Axes.Normal(axes[i], all.Length)] = some[i];
        return result;
    }

    /// <summary>Scales are float32 in the file, and so is the product: 1.1 of 10 is 11, not 10.</summary>
    static long[] Sizes(long[] shape, double[] scales) => [.. shape.Select((size, i) => (long)MathF.Floor(size * (float)scales[i]))];

    static Tensor Apply(Tensor x, long[] sizes, double[] scales, Filter filter)
    {
        using var scope = NewDisposeScope();
        var (result, shape) = (x.alias(), x.shape);
        for (var axis = 0; axis < shape.Length; axis++)
        {
            if (sizes[axis] != shape[axis] || scales[axis] != 1) result = Along(result, axis, sizes[axis], scales[axis], filter);
        }

        return result.MoveToOuterDisposeScope();
    }

    static Tensor Along(Tensor x, int axis, long length, double scale, Filter filter)
    {
        var (places, weights) = filter.Taps(x.shape[axis], length, scale);
        var along = new long[x.dim()];
        Array.Fill(along, 1);
        along[axis] = length;
        Tensor? sum = null;
        for (var tap = 0; tap < places.Length; tap++)
        {
            var picked = x.index_select(axis, tensor(places[tap], device: x.device));
            if (filter.Mode != "nearest") picked = picked.mul(tensor(weights[tap], x.dtype, x.device).reshape(along));
            sum = sum is null ? picked : sum.add(picked);
        }

        return sum!;
    }
}
