namespace OnnxAmalgam.Graphs.Edits.Opsets.Steps;

/// <summary>Upsample, which became Resize, and Resize.</summary>
internal static class Resampling
{
    public static readonly OpsetStep[] Rows =
    [
        new("Upsample", 9, ScalesToInput),
        new("Upsample", 10, ToResize),
        new("Resize", 11, WithModes),
        new("Resize", 13, WithOptionalInputs),
        new("Resize", 18, EitherScalesOrSizes),
    ];

    static string? ScalesToInput(NodeUpgrade u)
    {
        if (u.Take("scales") is not { } scales)
            return "expected 'scales', got none";
        u.SetInput(1, u.Floats("scales", [.. scales.Floats]));
        return null;
    }

    static string? ToResize(NodeUpgrade u)
    {
        u.Node.OpType = "Resize";
        u.MarkEnlarging();
        return null;
    }

    /// <summary>X, Scales -> X, Roi (none), Scales. A place in the output times 1/scale was the place in the input, which <c>asymmetric</c>
    /// says now; the nearest one was below it when enlarging and above it when shrinking, as ONNX Runtime has it.</summary>
    static string? WithModes(NodeUpgrade u)
    {
        if (u.Node.String("mode", "nearest") == "nearest")
        {
            if (Rounding(u) is not { } rounding)
                return u.Scales(1) is null
                    ? "expected constant scales, because nearest rounds down where it enlarges and up where it shrinks, got scales that are computed"
                    : "expected scales that enlarge or scales that shrink, because nearest rounds down for the one and up for the other, got both";
            u.Set("nearest_mode", rounding);
        }
        u.Set("coordinate_transformation_mode", "asymmetric");
        var scales = u.Node.Input[1];
        u.Node.Input[1] = u.Floats("roi");
        u.SetInput(2, scales);
        return null;
    }

    /// <summary>One rounding for all axes; a scale of 1 over a whole number never rounds.</summary>
    static string? Rounding(NodeUpgrade u)
    {
        if (u.IsEnlarging)
            return "floor";
        if (u.Scales(1) is not { } scales)
            return null;
        var shrinks = scales.Any(scale => scale < 1 && (1 / scale) % 1 != 0);
        var enlarges = scales.Any(scale => scale > 1);
        return (shrinks, enlarges) switch { (false, _) => "floor", (true, false) => "ceil", _ => null };
    }

    /// <summary>Roi and scales that are empty are left out now.</summary>
    static string? WithOptionalInputs(NodeUpgrade u)
    {
        if (u.Node.String("coordinate_transformation_mode", "half_pixel") == "tf_half_pixel_for_nn" && ToHalfPixel(u) is { } reason)
            return reason;
        if (u.IsEmpty(1))
            u.SetInput(1, "");
        return EitherScalesOrSizes(u);
    }

    /// <summary><c>tf_half_pixel_for_nn</c> is gone. It lies half a pixel above half_pixel, so rounded down it is that one rounded half up,
    /// and rounded half down that one rounded up.</summary>
    static string? ToHalfPixel(NodeUpgrade u)
    {
        var (mode, rounding) = (u.Node.String("mode", "nearest"), u.Node.String("nearest_mode", "round_prefer_floor"));
        string? same = (mode, rounding) switch { ("nearest", "floor") => "round_prefer_ceil", ("nearest", "round_prefer_floor") => "ceil", _ => null };
        if (same is null)
            return $"expected 'tf_half_pixel_for_nn', which opset 13 has no more, with mode nearest and nearest_mode floor or round_prefer_floor, got mode {mode} and nearest_mode {rounding}";
        u.Set("coordinate_transformation_mode", "half_pixel");
        u.Set("nearest_mode", same);
        return null;
    }

    static string? EitherScalesOrSizes(NodeUpgrade u)
    {
        if (u.Node.InputOrNull(3) is not null && u.IsEmpty(2))
            u.SetInput(2, "");
        return null;
    }
}
