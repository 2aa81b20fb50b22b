using static OnnxAmalgam.Trainable.Tests.Conformance.Case;
using static OnnxAmalgam.Trainable.Tests.Conformance.ElementTypeSets;
using static OnnxAmalgam.Trainable.Tests.Conformance.Operand;

namespace OnnxAmalgam.Trainable.Tests.Conformance.Cases;

internal static class ShapeCases
{
    public static readonly Case[] All =
    [
        new("Shape", X(N, 3, 4)) { IsFlat = true },
        new("Shape", X(N, 3, 4)) { From = 15, IsFlat = true, Attributes = [A("start", 1)] },
        new("Shape", X(N, 3, 4)) { From = 15, IsFlat = true, Attributes = [A("start", -2), A("end", -1)] },
        new("Shape", X(N, 3, 4)) { From = 15, IsFlat = true, Attributes = [A("start", -9), A("end", 9)] },
        new("Shape", X(N, 3, 4)) { From = 15, IsFlat = true, Attributes = [A("start", 2), A("end", 1)] },
        new("Size", X(N, 3, 4)) { IsFlat = true },
        new("Reshape", X(N, 3, 4), Ints(0, -1)),
        new("Reshape", X(N, 3, 4), Ints(-1, 2, 6)) { Types = Numbers },
        new("Reshape", X(N, 3, 4), Ints(0, 0, 2, -1)),
        new("Reshape", Of([N, 0], 0), Ints(0, 3)) { From = 14, IsFlat = true, Attributes = [A("allowzero", 1)] },
        new("Flatten", X(N, 3, 4)) { Types = Float },
        new("Flatten", X(N, 3, 4)) { Types = Float, Attributes = [A("axis", 2)] },
        new("Flatten", X(N, 3, 4)) { Types = Float, Attributes = [A("axis", 0)] },
        new("Flatten", X(N, 3, 4)) { Types = Float, Attributes = [A("axis", 3)] },
        new("Flatten", X(N, 3, 4)) { Types = Numbers, From = 11, Attributes = [A("axis", -1)] },
        new("Flatten", X(N)) { Types = Float },
        new("Transpose", X(N, 3, 4)) { Types = Numbers },
        new("Transpose", X(N, 3, 4, 2)) { Attributes = [A("perm", [0, 3, 1, 2])] },
        new("Squeeze", X(2, 1, 3, 1)),
        new("Squeeze", X(N, 1, 4, 1)) { To = 12, Attributes = [A("axes", [1, 3])] },
        new("Squeeze", X(N, 1, 4, 1)) { From = 11, To = 12, Attributes = [A("axes", [-1])] },
        new("Squeeze", X(N, 1, 4, 1), Ints(-1, 1)) { From = 13, Types = Numbers },
        new("Unsqueeze", X(N, 4)) { To = 12, Attributes = [A("axes", [1, 3])] },
        new("Unsqueeze", X(N, 4)) { From = 11, To = 12, Attributes = [A("axes", [-1, 0])] },
        new("Unsqueeze", X(N, 4), Ints(3, 1)) { From = 13, Types = Numbers },
        new("Unsqueeze", X(N, 4), Ints(-1)) { From = 13 },
        new("Concat", X(N, 3), X(N, 2), X(N, 1)) { Types = Numbers, Attributes = [A("axis", 1)] },
        new("Concat", X(N, 3)) { Attributes = [A("axis", 0)] },
        new("Concat", X(N, 3), X(2, 3)) { From = 11, Attributes = [A("axis", -2)] },
        .. Splits(),
        new("Expand", X(N, 1, 4), Ints(3, 1)) { Types = Numbers },
        new("Expand", X(3, 1), Ints(2, 1, 3, 5)),
        new("Expand", X(), Ints(2, 2)),
        new("Tile", X(N, 3), Ints(2, 3)) { Types = Numbers },
        new("Tile", X(N, 3, 1), Ints(1, 1, 4)),
        new("DepthToSpace", X(N, 8, 2, 3)) { Attributes = [A("blocksize", 2)] },
        new("DepthToSpace", X(N, 8, 2, 3)) { From = 11, Attributes = [A("blocksize", 2), A("mode", "CRD")] },
        new("DepthToSpace", X(N, 9, 2, 3)) { From = 11, Attributes = [A("blocksize", 3), A("mode", "DCR")] },
        new("CenterCropPad", X(N, 5, 4), Ints(2, 3, 7)) { Types = Float },
        new("CenterCropPad", X(N, 5, 4), Ints(8, 3)) { Types = Float, Attributes = [A("axes", [1, 2])] },
        new("CenterCropPad", X(N, 4, 5), Ints(2)) { Types = Float, Attributes = [A("axes", [-1])] },
        new("Col2Im", X(N, 8, 4), Ints(4, 4), Ints(2, 2)) { Types = Float, Attributes = [A("strides", [2, 2])] },
        new("Col2Im", X(N, 4, 12), Ints(4, 5), Ints(2, 2)) { Types = Float },
        new("Col2Im", X(N, 4, 20), Ints(4, 4), Ints(2, 2)) { Types = Float, Attributes = [A("pads", [1, 0, 1, 1]), A("dilations", [1, 1])] },
        new("Col2Im", X(N, 4, 6), Ints(4, 5), Ints(2, 2)) { Types = Float, Attributes = [A("dilations", [2, 2])] },
        new("Col2Im", X(N, 6, 4), Ints(6), Ints(3)) { Types = Float },
        new("Col2Im", X(N, 4, 3), Ints(6), Ints(2)) { Types = Float, Attributes = [A("strides", [2L]), A("pads", [1L, 0L]), A("dilations", [1L])] },
        new("Col2Im", X(N, 16, 12), Ints(3, 4, 3), Ints(2, 2, 2)) { Types = Float },
        new("Col2Im", X(N, 8, 45), Ints(3, 4, 5), Ints(2, 1, 2)) { Types = Float, Attributes = [A("strides", [1L, 2L, 1L]), A("pads", [0L, 0L, 1L, 1L, 1L, 0L])] },
        new("SpaceToDepth", X(N, 2, 4, 6)) { Attributes = [A("blocksize", 2)] },
    ];

    static Case[] Splits() =>
    [
        new("Split", X(N, 6)) { Types = Float, To = 12, Outputs = 3, Attributes = [A("axis", 1)] },
        new("Split", X(N, 6)) { Types = Float, To = 12, Outputs = 2, Attributes = [A("axis", 1), A("split", [2, 4])] },
        new("Split", X(6, N)) { Types = Float, To = 17, Outputs = 2 },
        new("Split", X(N, 6)) { Types = Float, From = 13, To = 17, Outputs = 3, Attributes = [A("axis", -1)] },
        new("Split", X(N, 6), Ints(2, 4)) { Types = Float, From = 13, Outputs = 2, Attributes = [A("axis", 1)] },
        new("Split", X(N, 7)) { Types = Float, From = 18, Outputs = 3, Attributes = [A("axis", 1), A("num_outputs", 3)] },
        new("Split", X(N, 6)) { Types = Float, From = 18, Outputs = 3, Attributes = [A("axis", 1), A("num_outputs", 3)] },
    ];
}
