using OnnxAmalgam.Graphs;
using OnnxAmalgam.Trainable.Operators;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Ops;

/// <summary>Resize and its forerunner Upsample: one axis after the other, each a weighted sum of picked elements, so that every
/// coordinate mode is exact and gradients follow.</summary>
internal static class Resize
{
    static readonly string[] Coordinates =
        ["half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_crop_and_resize"];

    public static readonly Operator[] Rows =
    [
        new("Upsample", Since: 7, UpsampleByAttribute) { Attributes = ["mode", "scales"] },
        new("Upsample", Since: 9, n => Asymmetric(n)) { Attributes = ["mode"], Host = [1] },
        new("Resize", Since: 10, n => Asymmetric(n)) { Attributes = ["mode"], Host = [1] },
        new("Resize", Since: 11, n => Full(n, [.. Coordinates, "tf_half_pixel_for_nn"])) { Attributes = [.. Common], Host = [1, 2, 3], Disputed = ScaledCorners },
        new("Resize", Since: 13, n => Full(n, Coordinates)) { Attributes = [.. Common], Host = [1, 2, 3], Disputed = ScaledCorners },
        new("Resize", Since: 18, n => Full(n, Coordinates)) { Attributes = [.. Common, "antialias", "axes", "keep_aspect_ratio_policy"], Host = [1, 2, 3], Disputed = ScaledCorners, Refuses = "`antialias` of `nearest`" },
    ];

    /// <summary>ONNX's files of opset 11 to 17 divide by size times scale less one, where that is no whole number, too.</summary>
    static string? ScaledCorners(Onnx.NodeProto node) =>
        node.String("coordinate_transformation_mode", "half_pixel") == "align_corners" && node.InputOrNull(2) is not null
            ? "attribute 'coordinate_transformation_mode': expected corners of the length that the output has, got 'align_corners' with scales"
            : null;

    static string[] Common =>
        ["coordinate_transformation_mode", "cubic_coeff_a", "exclude_outside", "extrapolation_value", "mode", "nearest_mode"];

    static Kernel UpsampleByAttribute(OperatorNode n)
    {
        var scales = n.Floats32("scales") ?? throw OperatorNode.Refuse("scales", "a scale for each axis", "none");
        var filter = Filter.Asymmetric(n.Choice("mode", "nearest", "nearest", "linear"));
        return c => [Apply(c[0], Sizes(c[0].shape, Array.ConvertAll(scales, s => (double)s)), Array.ConvertAll(scales, s => (double)s), filter)];
    }

    /// <summary>X, Scales -> X resized with output place times 1/scale as the input place.</summary>
    static Kernel Asymmetric(OperatorNode n)
    {
        var filter = Filter.Asymmetric(n.Choice("mode", "nearest", "nearest", "linear"));
        return c => [Apply(c[0], Sizes(c[0].shape, c.Numbers(1)), c.Numbers(1), filter)];
    }

    /// <summary>X, Roi? (only cropping reads it), Scales?, Sizes? -> X resized.</summary>
    static Kernel Full(OperatorNode n, string[] coordinates)
    {
        var filter = new Filter(
            n.Choice("mode", "nearest", "nearest", "linear", "cubic"),
            n.Choice("coordinate_transformation_mode", "half_pixel", coordinates),
            n.Choice("nearest_mode", "round_prefer_floor", "round_prefer_floor", "round_prefer_ceil", "floor", "ceil"),
            n.Float("cubic_coeff_a", -0.75f), n.Flag("exclude_outside"), n.Declares("antialias") && n.Flag("antialias"));
        var axes = n.Declares("axes") ? n.Ints("axes") : null;
        if (filter is { IsWide: true, Mode: "nearest" }) throw OperatorNode.Refuse("antialias", "0 for nearest", "1");
        var policy = n.Declares("keep_aspect_ratio_policy") ? n.Choice("keep_aspect_ratio_policy", "stretch", "stretch", "not_larger", "not_smaller") : "stretch";
        var beyond = n.Float("extrapolation_value", 0);

        return c =>
        {
            var shape = c[0].shape;
            var crop = filter.Coordinate == "tf_crop_and_resize" ? Crops(c.Numbers(1), shape.Length, axes) : null;
            if (c.OptionalInts(3) is { Length: > 0 } wanted)
            {
                var (sizes, factors) = policy == "stretch" ? Stretched(shape, Spread(shape, wanted, axes)) : Kept(shape, wanted, axes, policy == "not_larger");
                return [Apply(c[0], sizes, factors, filter, crop, beyond)];
            }

            var all = new double[shape.Length];
            Array.Fill(all, 1);
            var scales = Spread(all, c.Numbers(2), axes);
            return [Apply(c[0], Sizes(shape, scales), scales, filter, crop, beyond)];
        };
    }

    static (long[] Sizes, double[] Factors) Stretched(long[] shape, long[] sizes) =>
        (sizes, [.. sizes.Select((size, i) => (double)size / shape[i])]);

    /// <summary>One factor for all the axes: the smallest with which nothing is larger than wanted, or the largest with which nothing is smaller.</summary>
    static (long[] Sizes, double[] Factors) Kept(long[] shape, long[] wanted, long[]? axes, bool notLarger)
    {
        long[] chosen = [.. (axes ?? [.. Enumerable.Range(0, shape.Length).Select(i => (long)i)]).Select(axis => Axes.Normal(axis, shape.Length))];
        var factors = chosen.Select((axis, i) => wanted[i] / (float)shape[axis]).ToArray();
        var factor = notLarger ? factors.Min() : factors.Max();
        var sizes = (long[])shape.Clone();
        var all = new double[shape.Length];
        Array.Fill(all, 1);
        foreach (var axis in chosen) (sizes[axis], all[axis]) = ((long)MathF.Floor((shape[axis] * factor) + 0.5f), factor);
        return (sizes, all);
    }

    /// <summary>Start and end of each axis from all starts, then all ends.</summary>
    static (double Start, double End)[] Crops(double[] roi, int rank, long[]? axes)
    {
        var crops = new (double, double)[rank];
        Array.Fill(crops, (0, 1));
        var count = roi.Length / 2;
        for (var i = 0; i < count; i++) crops[Axes.Normal(axes?[i] ?? i, rank)] = (roi[i], roi[count + i]);
        return crops;
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

    static Tensor Apply(Tensor x, long[] sizes, double[] scales, Filter filter, (double Start, double End)[]? crops = null, float beyond = 0)
    {
        using var scope = NewDisposeScope();
        // whole numbers are interpolated as floats, and cut
        var whole = filter.Mode != "nearest" && !FloatTypes.IsFloat(x.dtype);
        var (result, shape) = (whole ? x.to_type(ScalarType.Float32) : x.alias(), x.shape);
        for (var axis = 0; axis < shape.Length; axis++)
        {
            var crop = crops?[axis] ?? (0, 1);
            if (sizes[axis] != shape[axis] || scales[axis] != 1 || crop != (0, 1)) result = Along(result, axis, sizes[axis], scales[axis], filter, crop);
        }

        for (var axis = 0; axis < shape.Length && crops is not null; axis++)
        {
            var along = new long[shape.Length];
            Array.Fill(along, 1);
            along[axis] = sizes[axis];
            var outside = filter.Outside(shape[axis], sizes[axis], scales[axis], crops[axis]);
            if (outside.Contains(true)) result = result.masked_fill(tensor(outside, device: x.device).reshape(along), beyond);
        }

        if (whole) result = result.to_type(x.dtype);
        return result.MoveToOuterDisposeScope();
    }

    static Tensor Along(Tensor x, int axis, long length, double scale, Filter filter, (double Start, double End) crop)
    {
        var (places, weights) = filter.Taps(x.shape[axis], length, scale, crop);
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
