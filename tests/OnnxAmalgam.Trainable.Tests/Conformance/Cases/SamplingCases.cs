using static OnnxAmalgam.Trainable.Tests.Conformance.Case;
using static OnnxAmalgam.Trainable.Tests.Conformance.ElementTypeSets;
using static OnnxAmalgam.Trainable.Tests.Conformance.Operand;

namespace OnnxAmalgam.Trainable.Tests.Conformance.Cases;

internal static class SamplingCases
{
    public static readonly Case[] All =
    [
        .. ((string[])["zeros", "border", "reflection"]).SelectMany(padding => ((long[])[0, 1]).SelectMany(corners => (Case[])
        [
            .. ((string[])["bilinear", "nearest", "bicubic"]).Select(mode => Sample(mode, padding, corners) with { To = 19 }),
            .. ((string[])["linear", "nearest", "cubic"]).Select(mode => Sample(mode, padding, corners) with { From = 20 }),
            .. ((string[])["linear", "nearest"]).Select(mode => new Case("GridSample", X(N, 2, 3, 4, 2), Between(-1.4, 1.4, N, 2, 2, 3, 3))
            {
                Types = Float,
                From = 20,
                Attributes = [A("mode", mode), A("padding_mode", padding), A("align_corners", corners)],
            }),
        ])),
        new("GridSample", X(N, 2, 4, 5), Between(-1, 1, N, 3, 2, 2)) { Types = Float },
        new("AffineGrid", X(2, 2, 3), Ints(2, 3, 4, 5)) { Types = Float },
        new("AffineGrid", X(2, 2, 3), Ints(2, 3, 4, 5)) { Types = Float, Attributes = [A("align_corners", 1)] },
        new("AffineGrid", X(2, 3, 4), Ints(2, 3, 2, 4, 5)) { Types = Float, Attributes = [A("align_corners", 1)] },
        new("AffineGrid", X(2, 3, 4), Ints(2, 3, 2, 4, 5)) { Types = Float },
    ];

    static Case Sample(string mode, string padding, long corners) => new("GridSample", X(N, 2, 4, 5), Between(-1.6, 1.6, N, 3, 4, 2))
    {
        Types = Float,
        Attributes = [A("mode", mode), A("padding_mode", padding), A("align_corners", corners)],
        Tolerance = 5e-5,
    };
}
