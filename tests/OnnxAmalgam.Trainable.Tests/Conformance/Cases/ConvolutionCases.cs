using static OnnxAmalgam.Trainable.Tests.Conformance.Case;
using static OnnxAmalgam.Trainable.Tests.Conformance.ElementTypeSets;
using static OnnxAmalgam.Trainable.Tests.Conformance.Operand;

namespace OnnxAmalgam.Trainable.Tests.Conformance.Cases;

internal static class ConvolutionCases
{
    public static readonly Case[] All =
    [
        new("Conv", X(N, 2, 7), X(3, 2, 3)) { Types = Float },
        new("Conv", X(N, 2, 6, 7), X(3, 2, 3, 2), X(3)) { Types = Float, Attributes = [A("kernel_shape", [3, 2])] },
        new("Conv", X(N, 1, 4, 5, 4), X(2, 1, 2, 3, 2), X(2)) { Types = Float, Attributes = [A("pads", [1, 1, 0, 1, 1, 0])], Tolerance = 5e-5 },
        new("Conv", X(N, 4, 7, 6), X(6, 2, 3, 3), X(6)) { Types = Float, Attributes = [A("group", 2), A("pads", [1, 1, 1, 1])], Tolerance = 5e-5 },
        new("Conv", X(N, 4, 7, 6), X(4, 1, 3, 3), X(4)) { Types = Float, Attributes = [A("group", 4), A("strides", [2, 1]), A("dilations", [1, 2])], Tolerance = 5e-5 },
        new("Conv", X(N, 2, 7, 6), X(3, 2, 3, 3)) { Types = Float, Attributes = [A("pads", [0, 1, 2, 0]), A("strides", [2, 2])], Tolerance = 5e-5 },
        new("Conv", X(N, 2, 7, 6), X(3, 2, 2, 3)) { Types = Float, Attributes = [A("auto_pad", "SAME_UPPER"), A("strides", [2, 1])], Tolerance = 5e-5 },
        new("Conv", X(N, 2, 7, 6), X(3, 2, 2, 4)) { Types = Float, Attributes = [A("auto_pad", "SAME_LOWER"), A("strides", [2, 1])], Tolerance = 5e-5 },
        new("Conv", X(N, 2, 7, 6), X(3, 2, 2, 4)) { Types = Float, Attributes = [A("auto_pad", "VALID"), A("strides", [1, 2])], Tolerance = 5e-5 },
        new("Conv", X(N, 2, 7), X(3, 2, 4)) { Types = Float, Attributes = [A("auto_pad", "SAME_LOWER"), A("strides", [3])], Tolerance = 5e-5 },
        .. Transposed(),
    ];

    static Case[] Transposed() =>
    [
        new("ConvTranspose", X(N, 2, 5), X(2, 3, 3)) { Types = Float, Tolerance = 5e-5 },
        new("ConvTranspose", X(N, 2, 4, 3), X(2, 3, 3, 2), X(3)) { Types = Float, Attributes = [A("kernel_shape", [3, 2]), A("strides", [2, 3])], Tolerance = 5e-5 },
        new("ConvTranspose", X(N, 1, 3, 2, 3), X(1, 2, 2, 3, 2), X(2)) { Types = Float, Attributes = [A("strides", [2, 1, 2]), A("pads", [0, 1, 0, 0, 1, 0])], Tolerance = 5e-5 },
        new("ConvTranspose", X(N, 4, 4, 3), X(4, 3, 3, 2), X(6)) { Types = Float, Attributes = [A("group", 2), A("dilations", [2, 1])], Tolerance = 5e-5 },
        new("ConvTranspose", X(N, 2, 4, 3), X(2, 3, 3, 3)) { Types = Float, Attributes = [A("strides", [2, 2]), A("pads", [1, 1, 1, 1]), A("output_padding", [1, 1])], Tolerance = 5e-5 },
        new("ConvTranspose", X(N, 2, 4, 3), X(2, 3, 3, 3)) { Types = Float, Attributes = [A("strides", [2, 2]), A("pads", [0, 1, 1, 0])], Tolerance = 5e-5 },
        new("ConvTranspose", X(N, 2, 4, 3), X(2, 3, 3, 3)) { Types = Float, Attributes = [A("strides", [2, 2]), A("pads", [0, 1, 1, 0]), A("output_padding", [0, 1])], Tolerance = 5e-5 },
        new("ConvTranspose", X(N, 2, 4, 3), X(2, 3, 3, 3), X(3)) { Types = Float, Attributes = [A("strides", [2, 2]), A("output_shape", [8, 6])], Tolerance = 5e-5 },
        new("ConvTranspose", X(N, 2, 4, 3), X(2, 3, 3, 3), X(3)) { Types = Float, Attributes = [A("strides", [2, 2]), A("output_shape", [8, 6]), A("auto_pad", "SAME_UPPER")], Tolerance = 5e-5 },
        new("ConvTranspose", X(N, 2, 4, 3), X(2, 3, 3, 3)) { Types = Float, Attributes = [A("strides", [2, 2]), A("output_shape", [10, 8]), A("output_padding", [1, 1])], Tolerance = 5e-5 },
        new("ConvTranspose", X(N, 2, 4, 3), X(2, 3, 3, 3), X(3)) { Types = Float, Attributes = [A("strides", [3, 2]), A("output_shape", [13, 8])], Tolerance = 5e-5 },
        new("ConvTranspose", X(N, 2, 4, 3), X(2, 3, 3, 3)) { Types = Float, Attributes = [A("strides", [2, 2]), A("auto_pad", "SAME_UPPER")], Tolerance = 5e-5 },
        new("ConvTranspose", X(N, 2, 4, 3), X(2, 3, 3, 3)) { Types = Float, Attributes = [A("strides", [2, 2]), A("auto_pad", "SAME_LOWER")], Tolerance = 5e-5 },
        new("ConvTranspose", X(N, 2, 4, 3), X(2, 3, 3, 3)) { Types = Float, Attributes = [A("strides", [3, 2]), A("auto_pad", "VALID")], Tolerance = 5e-5 },
        new("ConvTranspose", X(N, 2, 4, 3), X(2, 3, 2, 2)) { Types = Float, Attributes = [A("strides", [3, 3]), A("auto_pad", "SAME_UPPER")], Tolerance = 5e-5 },
    ];
}
