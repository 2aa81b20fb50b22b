using static OnnxAmalgam.Trainable.Tests.Conformance.Case;
using static OnnxAmalgam.Trainable.Tests.Conformance.ElementTypeSets;
using static OnnxAmalgam.Trainable.Tests.Conformance.Operand;

namespace OnnxAmalgam.Trainable.Tests.Conformance.Cases;

internal static class ResizeCases
{
    static readonly string[] Coordinates = ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"];

    public static readonly Case[] All =
    [
        new("Upsample", X(N, 2, 3, 4)) { Types = Float, To = 8, Attributes = [A("scales", [1f, 1f, 2f, 3f])] },
        new("Upsample", X(N, 2, 3, 4)) { Types = Float, To = 8, Attributes = [A("scales", [1f, 1f, 2f, 1.6f]), A("mode", "linear")] },
        new("Upsample", X(N, 2, 3, 4), Float32(1, 1, 2, 3)) { Types = Float, From = 9, To = 9 },
        new("Upsample", X(N, 2, 3, 4), Float32(1, 1, 1.5, 2)) { Types = Float, From = 9, To = 9, Attributes = [A("mode", "linear")] },
        new("Resize", X(N, 2, 4, 6), Float32(1, 1, 2, 0.5)) { Types = Float, To = 10 },
        new("Resize", X(N, 2, 5, 7), Float32(1, 1, 1.7, 0.6)) { Types = Float, To = 10 },
        new("Resize", X(N, 2, 4, 6), Float32(1, 1, 1.3, 0.6)) { Types = Float, To = 10, Attributes = [A("mode", "linear")] },
        .. Coordinates.SelectMany(Modes),
        .. Modes("half_pixel_symmetric").Select(c => c with { From = 19 }),
        .. ((string[])["nearest", "linear"]).SelectMany(mode => (Case[])
        [
            new("Resize", X(1, 2, 4, 5), Float32(0, 0, 0.2, 0.1, 1, 1, 0.7, 0.9), None, Ints(1, 2, 3, 7)) { Types = Float, From = 13, Attributes = [A("mode", mode), A("coordinate_transformation_mode", "tf_crop_and_resize")] },
            new("Resize", X(N, 2, 4, 5), Float32(0, 0, -0.2, 0.3, 1, 1, 0.7, 1.4), Float32(1, 1, 1.5, 1.4)) { Types = Float, From = 13, Attributes = [A("mode", mode), A("coordinate_transformation_mode", "tf_crop_and_resize"), A("extrapolation_value", 7f)] },
        ]),
        .. ((string[])["linear", "cubic"]).SelectMany(mode => (Case[])
        [
            new("Resize", X(N, 2, 7, 9), None, Float32(1, 1, 0.5, 0.6)) { Types = Float, From = 18, Attributes = [A("mode", mode), A("antialias", 1)] },
            new("Resize", X(N, 2, 7, 9), None, Float32(1, 1, 0.4, 1.6)) { Types = Float, From = 18, Attributes = [A("mode", mode), A("antialias", 1), A("exclude_outside", 1)] },
            new("Resize", X(N, 2, 7, 9), None, Float32(1, 1, 0.5, 0.6)) { Types = Float, From = 18, Attributes = [A("mode", mode), A("antialias", 1), A("coordinate_transformation_mode", "align_corners")] },
        ]),
        .. ((string[])["not_larger", "not_smaller"]).SelectMany(policy => (Case[])
        [
            new("Resize", X(N, 2, 4, 6), None, None, Ints(7, 8)) { Types = Float, From = 18, Attributes = [A("axes", [2, 3]), A("mode", "linear"), A("keep_aspect_ratio_policy", policy)] },
            new("Resize", X(N, 2, 4, 6), None, None, Ints(3, 3)) { Types = Float, From = 18, Attributes = [A("axes", [2, 3]), A("keep_aspect_ratio_policy", policy)] },
        ]),
        .. ((string[])["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]).SelectMany(rounding => Coordinates.Select(coordinate =>
            new Case("Resize", X(N, 2, 5, 4), None, Float32(1, 1, 1.6, 0.7)) { Types = Float, From = 13, Attributes = [A("nearest_mode", rounding), A("coordinate_transformation_mode", coordinate)] })),
        new("Resize", X(3, 2, 4, 5), None, None, Ints(3, 2, 7, 3)) { Types = Float, From = 13, Attributes = [A("mode", "linear")] },
        new("Resize", X(3, 2, 4, 5), None, None, Ints(3, 2, 7, 3)) { Types = Float, From = 13, Attributes = [A("mode", "cubic")] },
        new("Resize", X(N, 2, 4, 5), None, Float32(1, 1, 2, 1.4)) { Types = Float, From = 13, Attributes = [A("mode", "cubic"), A("cubic_coeff_a", -0.5f)] },
        new("Resize", X(N, 2, 4, 5), None, Float32(1, 1, 2, 1.4)) { Types = Float, From = 13, Attributes = [A("mode", "cubic"), A("exclude_outside", 1)] },
        new("Resize", X(N, 2, 4, 5), Float32(), Float32(1, 1, 2, 2)) { Types = Float, From = 11, Attributes = [A("mode", "linear"), A("extrapolation_value", 3f)] },
        new("Resize", X(N, 2, 4, 5), Float32(), Float32(1, 1, 2, 1.4)) { Types = Float, From = 11, To = 12, Attributes = [A("mode", "cubic"), A("cubic_coeff_a", -0.5f), A("exclude_outside", 1)] },
        new("Resize", X(N, 2, 4, 5), Float32(), Float32(1, 1, 0.6, 1.7)) { Types = Float, From = 11, To = 12, Attributes = [A("nearest_mode", "floor"), A("coordinate_transformation_mode", "tf_half_pixel_for_nn")] },
        new("Resize", X(3, 2, 4, 5), Float32(), Float32(), Ints(3, 2, 7, 3)) { Types = Float, From = 11, To = 12, Attributes = [A("coordinate_transformation_mode", "asymmetric"), A("nearest_mode", "floor")] },
        new("Resize", X(N, 2, 4, 5), None, Float32(2, 1.4)) { Types = Float, From = 18, Attributes = [A("mode", "linear"), A("axes", [2, 3]), A("antialias", 0), A("keep_aspect_ratio_policy", "stretch")] },
        new("Resize", X(N, 2, 4, 5), None, None, Ints(3, 7)) { Types = Float, From = 18, Attributes = [A("axes", [-2, -1]), A("mode", "linear")] },
        new("Resize", X(N, 2, 3, 4, 3), None, Float32(1, 1, 2, 1.5, 0.7)) { Types = Float, From = 13, Attributes = [A("mode", "linear")] },
        new("Resize", X(N, 2, 6), None, Float32(1, 1, 1.5)) { Types = Float, From = 13, Attributes = [A("mode", "nearest")] },
    ];

    static IEnumerable<Case> Modes(string coordinate) => ((string[])["linear", "cubic"]).SelectMany(mode => (Case[])
    [
        new("Resize", X(N, 2, 4, 5), None, Float32(1, 1, 2, 1.4)) { Types = Float, From = 13, Attributes = [A("mode", mode), A("coordinate_transformation_mode", coordinate)] },
        new("Resize", X(N, 2, 4, 5), None, Float32(1, 1, 0.6, 0.5)) { Types = Float, From = 13, Attributes = [A("mode", mode), A("coordinate_transformation_mode", coordinate)] },
    ]);
}
