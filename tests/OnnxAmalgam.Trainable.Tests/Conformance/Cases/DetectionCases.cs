using static OnnxAmalgam.Trainable.Tests.Conformance.Case;
using static OnnxAmalgam.Trainable.Tests.Conformance.ElementTypeSets;
using static OnnxAmalgam.Trainable.Tests.Conformance.Operand;

namespace OnnxAmalgam.Trainable.Tests.Conformance.Cases;

internal static class DetectionCases
{
    public static readonly Case[] All = [.. Boxes(), .. Regions(), .. Deformed()];

    static IEnumerable<Case> Boxes() => ((Case[])
    [
        new("NonMaxSuppression", Between(0, 1, N, 8, 4), X(N, 2, 8)),
        new("NonMaxSuppression", Between(0, 1, N, 8, 4), X(N, 2, 8), Ints(3)),
        new("NonMaxSuppression", Between(0, 1, N, 8, 4), X(N, 2, 8), Ints(5), Float32(0.3)),
        new("NonMaxSuppression", Between(0, 1, N, 8, 4), X(N, 2, 8), Ints(8), Float32(0.5), Float32(0.4)),
        new("NonMaxSuppression", Between(0.1, 1, N, 8, 4), X(N, 2, 8), Ints(8), Float32(0.2)) { Attributes = [A("center_point_box", 1)] },
        new("NonMaxSuppression", Between(0, 1, N, 8, 4), Of([N, 1, 8], 0.5, 0.9, 0.5, 0.9), Ints(8), Float32(0.6), Float32(0.5)),
    ]).Select(c => c with { Types = Float, IsFlat = true, LacksFloat16 = true });

    static IEnumerable<Case> Regions() => ((Case[])
    [
        Region(Between(0, 3, 3, 2)),
        Region(Between(0, 3, 3, 2)) with { Attributes = [A("output_height", 3), A("output_width", 2), A("sampling_ratio", 2), A("spatial_scale", 0.7f)] },
        Region(Between(0, 3, 3, 2)) with { Attributes = [A("mode", "avg"), A("output_height", 2), A("output_width", 2)] },
        Region(Between(0, 3, 3, 2)) with { HasKink = true, Attributes = [A("mode", "max"), A("output_height", 2), A("output_width", 3), A("sampling_ratio", 3)] },
        Region(Between(0, 3, 3, 2)) with { From = 16, Attributes = [A("coordinate_transformation_mode", "output_half_pixel"), A("output_height", 2), A("output_width", 2), A("sampling_ratio", 2)] },
        Region(Between(0, 3, 3, 2)) with { From = 16, Attributes = [A("coordinate_transformation_mode", "half_pixel"), A("output_height", 2), A("output_width", 2), A("sampling_ratio", 2)] },
    ]).Select(c => c with { Types = Floating, LacksFloat16 = true, To = 21 });

    /// <summary>Two corners each, the second beyond the first, one region partly outside.</summary>
    static Case Region(Operand corners) => new("RoiAlign", X(2, 3, 6, 5), corners with
    {
        Shape = [3, 4],
        Draw = (random, _, _) => [.. Enumerable.Range(0, 3).SelectMany(_ =>
        {
            var (left, top) = (random.NextDouble() * 3, random.NextDouble() * 3);
            return (double[])[(float)left, (float)top, (float)(left + 1.2 + (random.NextDouble() * 3)), (float)(top + 1.2 + (random.NextDouble() * 3))];
        })],
    }, Ints(1, 0, 1));

    static IEnumerable<Case> Deformed() => ((Case[])
    [
        new("DeformConv", X(N, 2, 5, 6), X(4, 2, 3, 2), Between(-1.4, 1.4, N, 12, 3, 5)),
        new("DeformConv", X(N, 2, 5, 6), X(4, 2, 3, 2), Between(-1.4, 1.4, N, 12, 3, 5), X(4), Positive(N, 6, 3, 5)) { Attributes = [A("kernel_shape", [3L, 2L])] },
        new("DeformConv", X(N, 4, 5, 6), X(4, 2, 2, 2), Between(-1.4, 1.4, N, 16, 6, 3), None, Positive(N, 8, 6, 3))
            { Attributes = [A("group", 2), A("offset_group", 2), A("pads", [1L, 0L, 1L, 1L]), A("strides", [1L, 2L])] },
        new("DeformConv", X(N, 2, 5, 6), X(4, 2, 2, 2), Between(-1.4, 1.4, N, 8, 3, 4), X(4)) { Attributes = [A("dilations", [2L, 2L])] },
    ]).Select(c => c with { Types = Float, LacksFloat16 = true, Tolerance = 5e-5 });
}
