namespace OnnxAmalgam.Graphs.Edits.Opsets.Steps;

/// <summary>The same under another name, or with a default that is stated now.</summary>
internal static class Renamings
{
    public static readonly OpsetStep[] Rows =
    [
        new("Scatter", 11, Scatter),
        new("RoiAlign", 16, RoiAlign),
        new("Split", 18, Split),
        new("GridSample", 20, GridSample),
    ];

    static string? Scatter(NodeUpgrade u)
    {
        u.Node.OpType = "ScatterElements";
        return null;
    }

    /// <summary>The corners of a region were not moved by half a pixel.</summary>
    static string? RoiAlign(NodeUpgrade u)
    {
        u.Set("coordinate_transformation_mode", "output_half_pixel");
        return null;
    }

    /// <summary>Equal parts, where no lengths are given, are counted now.</summary>
    static string? Split(NodeUpgrade u)
    {
        if (u.Node.InputOrNull(1) is null)
            u.Set("num_outputs", u.Node.Output.Count);
        return null;
    }

    static string? GridSample(NodeUpgrade u)
    {
        if (u.Node.String("mode") is "bilinear" or "bicubic")
            u.Set("mode", u.Node.String("mode")![2..]);
        return null;
    }
}
