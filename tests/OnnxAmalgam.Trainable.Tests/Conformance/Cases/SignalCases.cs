using static OnnxAmalgam.Trainable.Tests.Conformance.Case;
using static OnnxAmalgam.Trainable.Tests.Conformance.ElementTypeSets;
using static OnnxAmalgam.Trainable.Tests.Conformance.Operand;

namespace OnnxAmalgam.Trainable.Tests.Conformance.Cases;

internal static class SignalCases
{
    public static readonly Case[] All =
    [
        .. Transforms(), .. Frames(),
        .. ((string[])["HannWindow", "HammingWindow", "BlackmanWindow"]).SelectMany(type => (Case[])
        [
            new(type, Int(10)) { Types = Float, IsFlat = true, LacksFloat16 = true },
            new(type, Int(7)) { Types = Float, IsFlat = true, LacksFloat16 = true, Attributes = [A("periodic", 0), A("output_datatype", 11)] },
        ]),
        new("MelWeightMatrix", Int(8), Int(64), Int(8192), Float32(0) with { Shape = [] }, Float32(4096) with { Shape = [] })
            { Types = Float, IsFlat = true, LacksFloat16 = true },
        new("MelWeightMatrix", Int(5), Int(30), Int(16000), Float32(125) with { Shape = [] }, Float32(7500) with { Shape = [] })
            { Types = Float, IsFlat = true, LacksFloat16 = true, Attributes = [A("output_datatype", 11)] },
    ];

    static IEnumerable<Case> Transforms() => ((Case[])
    [
        new("DFT", X(N, 6, 1)) { To = 19 },
        new("DFT", X(N, 6, 5, 1)) { To = 19, Attributes = [A("axis", 2)] },
        new("DFT", X(N, 6, 5, 2), Int(8)) { To = 19, Attributes = [A("axis", 1)] },
        new("DFT", X(N, 6, 5, 2), Int(4)) { To = 19, Attributes = [A("inverse", 1)] },
        new("DFT", X(N, 7, 1)) { To = 19, Attributes = [A("onesided", 1)] },
        new("DFT", X(N, 6, 1)) { From = 20 },
        new("DFT", X(N, 6, 5, 2), None, Int(1)) { Types = Float, From = 20, Attributes = [A("inverse", 1)] },
        new("DFT", X(N, 6, 5, 1), Int(8), Int(2)) { From = 20, Attributes = [A("onesided", 1)] },
    ]).Select(c => c with { LacksFloat16 = true });

    static IEnumerable<Case> Frames() => ((Case[])
    [
        new("STFT", X(N, 16, 1), Int(3), Positive(5)),
        new("STFT", X(N, 16, 1), Int(4), None, Int(6)),
        new("STFT", X(N, 16, 1), Int(4), Positive(6), Int(6)) { Attributes = [A("onesided", 0)] },
        new("STFT", X(N, 16, 2), Int(4), Positive(6)) { Attributes = [A("onesided", 0)] },
    ]).Select(c => c with { LacksFloat16 = true });
}
