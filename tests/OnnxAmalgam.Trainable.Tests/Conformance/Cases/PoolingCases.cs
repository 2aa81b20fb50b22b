using static OnnxAmalgam.Trainable.Tests.Conformance.Case;
using static OnnxAmalgam.Trainable.Tests.Conformance.ElementTypeSets;
using static OnnxAmalgam.Trainable.Tests.Conformance.Operand;

namespace OnnxAmalgam.Trainable.Tests.Conformance.Cases;

internal static class PoolingCases
{
    public static readonly Case[] All =
    [
        .. Pools("MaxPool", 10, 10), .. Pools("AveragePool", 10, 19), .. Pools("LpPool", 18, 18),
        new("MaxPool", X(N, 2, 6, 7)) { Types = Float, From = 8, Outputs = 2, Attributes = [A("kernel_shape", [3, 2]), A("pads", [1, 0, 0, 1]), A("strides", [2, 1])] },
        new("MaxPool", X(N, 2, 6, 7)) { Types = Float, From = 8, Outputs = 2, Attributes = [A("kernel_shape", [3, 2]), A("strides", [2, 2]), A("storage_order", 1)] },
        new("MaxPool", X(N, 2, 6, 7)) { Types = Float, From = 10, Outputs = 2, Attributes = [A("kernel_shape", [2, 2]), A("strides", [2, 2]), A("ceil_mode", 1), A("dilations", [2, 1])] },
        new("MaxPool", X(N, 2, 7)) { Types = Float, From = 8, Outputs = 2, Attributes = [A("kernel_shape", [3]), A("pads", [1, 1])] },
        new("MaxPool", X(N, 2, 4, 5, 3)) { Types = Float, From = 8, Outputs = 2, Attributes = [A("kernel_shape", [2, 2, 2])] },
        new("MaxUnpool", X(1, 1, 2, 2), IntsIn([1, 1, 2, 2], 5, 7, 13, 15)) { Types = Float, Attributes = [A("kernel_shape", [2, 2]), A("strides", [2, 2])] },
        new("MaxUnpool", X(1, 2, 2, 2), IntsIn([1, 2, 2, 2], 5, 7, 10, 12, 30, 32, 45, 46), Ints(1, 2, 5, 5)) { Types = Float, Attributes = [A("kernel_shape", [2, 2]), A("strides", [2, 2])] },
        new("MaxUnpool", X(1, 1, 2, 2), IntsIn([1, 1, 2, 2], 0, 3, 4, 8)) { Types = Float, Attributes = [A("kernel_shape", [3, 3]), A("strides", [2, 2]), A("pads", [1, 1, 1, 1])] },
        // ORT has no kernel for the opset 22 form, which means the same.
        new("GlobalLpPool", X(N, 2, 5, 6)) { Types = Float, To = 21 },
        new("GlobalLpPool", X(N, 2, 5)) { Types = Float, To = 21, Attributes = [A("p", 3)] },
        new("MaxPool", X(N, 2, 6, 7)) { From = 8, Attributes = [A("kernel_shape", [2, 2]), A("strides", [2, 2])] },
        new("AveragePool", X(N, 2, 6, 7)) { Types = Float, Attributes = [A("kernel_shape", [3, 2]), A("pads", [1, 1, 1, 1]), A("count_include_pad", 1)] },
        new("AveragePool", X(N, 2, 6, 7)) { Types = Float, Attributes = [A("kernel_shape", [3, 2]), A("pads", [0, 1, 2, 0]), A("count_include_pad", 1), A("strides", [2, 2])] },
        new("AveragePool", X(N, 2, 6, 7)) { Types = Float, From = 19, Attributes = [A("kernel_shape", [3, 3]), A("pads", [1, 1, 1, 1]), A("count_include_pad", 1), A("strides", [2, 2]), A("ceil_mode", 1)] },
        new("AveragePool", X(N, 2, 6, 7)) { Types = Float, From = 19, Attributes = [A("kernel_shape", [2, 2]), A("pads", [1, 1, 1, 1]), A("count_include_pad", 1), A("dilations", [2, 2])] },
        new("LpPool", X(N, 2, 6, 7)) { Types = Float, Attributes = [A("kernel_shape", [3, 2]), A("p", 1)] },
        new("LpPool", X(N, 2, 6, 7)) { Types = Float, Attributes = [A("kernel_shape", [3, 2]), A("p", 3)], Tolerance = 5e-5 },
        new("GlobalAveragePool", X(N, 2, 5, 6)) { Types = Float },
        new("GlobalAveragePool", X(N, 2, 5)) { Types = Float },
        new("GlobalMaxPool", X(N, 2, 5, 6)) { Types = Float },
        new("GlobalMaxPool", X(N, 2, 3, 2, 4)) { Types = Float },
    ];

    static Case[] Pools(string type, int ceils, int dilates) =>
    [
        new(type, X(N, 2, 7)) { Types = Float, Attributes = [A("kernel_shape", [3])] },
        new(type, X(N, 2, 6, 7)) { Types = Float, Attributes = [A("kernel_shape", [3, 2]), A("strides", [2, 2]), A("pads", [1, 1, 1, 1])] },
        new(type, X(N, 2, 6, 7)) { Types = Float, Attributes = [A("kernel_shape", [3, 3]), A("strides", [2, 2]), A("pads", [0, 0, 1, 2])] },
        new(type, X(N, 2, 6, 7)) { Types = Float, Attributes = [A("kernel_shape", [3, 2]), A("strides", [2, 3]), A("auto_pad", "SAME_UPPER")] },
        new(type, X(N, 2, 6, 7)) { Types = Float, Attributes = [A("kernel_shape", [2, 4]), A("auto_pad", "SAME_LOWER")] },
        new(type, X(N, 2, 6, 7)) { Types = Float, Attributes = [A("kernel_shape", [2, 4]), A("strides", [3, 2]), A("auto_pad", "VALID")] },
        new(type, X(N, 1, 4, 5, 4)) { Types = Float, Attributes = [A("kernel_shape", [2, 2, 3]), A("pads", [1, 0, 1, 0, 1, 1])] },
        new(type, X(N, 2, 6, 7)) { Types = Float, From = ceils, Attributes = [A("kernel_shape", [3, 3]), A("strides", [2, 2]), A("ceil_mode", 1)] },
        new(type, X(N, 2, 6, 7)) { Types = Float, From = ceils, Attributes = [A("kernel_shape", [3, 2]), A("strides", [2, 3]), A("pads", [1, 1, 1, 1]), A("ceil_mode", 1)] },
        new(type, X(N, 2, 6, 6)) { Types = Float, From = ceils, Attributes = [A("kernel_shape", [1, 1]), A("strides", [3, 4]), A("pads", [0, 0, 0, 0]), A("ceil_mode", 1)] },
        new(type, X(N, 2, 7, 7)) { Types = Float, From = dilates, Attributes = [A("kernel_shape", [2, 3]), A("dilations", [2, 3])] },
        new(type, X(N, 2, 7, 7)) { Types = Float, From = dilates, Attributes = [A("kernel_shape", [2, 3]), A("dilations", [2, 1]), A("strides", [2, 2]), A("pads", [1, 1, 1, 1])] },
    ];
}
