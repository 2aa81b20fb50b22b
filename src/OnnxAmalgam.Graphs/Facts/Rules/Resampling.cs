namespace OnnxAmalgam.Graphs.Inference;

/// <summary>Operators that change the resolution of maps.</summary>
internal static class Resampling
{
    public static readonly FactRule[] Rows =
    [
        new("Resize", Resize),
        new("Upsample", Upsample),
        new("GridSample", GridSample),
        new("AffineGrid", AffineGrid),
        new("RoiAlign", RoiAlign),
    ];

    /// <remarks>Opset 10: X, scales. From 11: X, roi, scales, sizes; axes from 18.</remarks>
    static ValueState?[] Resize(RuleCall c)
    {
        if (c.Shape(0) is not { } x)
            return c.Like(null);
        if (c.Opset < 11)
            return Scaled(c, x, c.Input(1)?.Reals);
        var axes = c.Node.Ints("axes") is { } stated ? RuleCall.Axes(stated, x.Length) : [.. Enumerable.Range(0, x.Length)];
        if (axes is null)
            return RuleCall.Absent;
        if (!c.HasInput(3) || c.Shape(3) is [{ Constant: 0 }])
        {
            if (c.Input(2)?.Reals is not { } scales || scales.Length != axes.Length)
                return c.Like(c.FreshShape(x.Length));
            var all = Enumerable.Repeat(1.0, x.Length).ToArray();
            for (var i = 0; i < axes.Length; i++)
                all[axes[i]] = scales[i];
            return Scaled(c, x, all);
        }
        if (c.Input(3)?.Integers is not { } sizes || sizes.Length != axes.Length || c.Node.String("keep_aspect_ratio_policy", "stretch") != "stretch")
            return c.Like(c.FreshShape(x.Length));
        var shape = x.ToArray();
        for (var i = 0; i < axes.Length; i++)
            shape[axes[i]] = sizes[i];
        return c.Like(shape);
    }

    /// <remarks>Scales as attribute before opset 9, as input from there on.</remarks>
    static ValueState?[] Upsample(RuleCall c) =>
        c.Shape(0) is { } x ? Scaled(c, x, c.HasInput(1) ? c.Input(1)?.Reals : c.Node.Floats("scales")?.Select(one => (double)one).ToArray()) : c.Like(null);

    static ValueState?[] Scaled(RuleCall c, Extent[] x, double[]? scales)
    {
        if (scales is null || scales.Length != x.Length)
            return c.Like(c.FreshShape(x.Length));
        return c.Like([.. x.Zip(scales, (size, scale) => size.Constant is { } known
            ? (long)MathF.Floor(known * (float)scale)
            : scale == Math.Floor(scale) && scale < int.MaxValue ? size * (long)scale : c.Fresh())]);
    }

    /// <remarks>X[n, c, *], grid[n, *out, d] -> Y[n, c, *out].</remarks>
    static ValueState?[] GridSample(RuleCall c) =>
        c.Shape(0) is [var n, var maps, ..] && c.Shape(1) is { Length: > 2 } grid ? c.Like([n, maps, .. grid[1..^1]]) : RuleCall.Absent;

    static ValueState?[] AffineGrid(RuleCall c) =>
        c.Input(1)?.Integers is { Length: > 2 } size ? c.Like([size[0], .. size[2..], size.Length - 2]) : RuleCall.Absent;

    static ValueState?[] RoiAlign(RuleCall c) =>
        c.Shape(0) is [_, var maps, _, _] && c.Shape(1) is [var rois, _]
            ? c.Like([rois, maps, c.Node.Int("output_height", 1), c.Node.Int("output_width", 1)])
            : RuleCall.Absent;
}
