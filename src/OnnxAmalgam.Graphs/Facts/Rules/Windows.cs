using Onnx;

namespace OnnxAmalgam.Graphs.Inference;

/// <summary>Sizes of maps after a sliding window: kernel, strides, dilations, pads or auto_pad, ceil_mode.</summary>
/// <remarks>Source: the shape formulas of the operator specifications of Conv, ConvTranspose, MaxPool and AveragePool.</remarks>
internal static class Windows
{
    /// <summary>X[n, c, *] and a kernel -> the spatial sizes of Y; null where the attributes do not fit.</summary>
    public static Extent[]? Slide(NodeProto node, Extent[] x, Extent[] kernel)
    {
        var axes = kernel.Length;
        var strides = node.Ints("strides") ?? Ones(axes);
        var dilations = node.Ints("dilations") ?? Ones(axes);
        var pads = node.Ints("pads") ?? new long[2 * axes];
        if (x.Length != axes + 2 || strides.Length != axes || dilations.Length != axes || pads.Length != 2 * axes || strides.Any(stride => stride <= 0))
            return null;
        var up = node.Int("ceil_mode", 0) != 0;
        return [.. Enumerable.Range(0, axes).Select(i =>
        {
            var size = x[i + 2];
            var reach = (dilations[i] * (kernel[i] - 1)) + 1;
            return node.String("auto_pad", "NOTSET") switch
            {
                "SAME_UPPER" or "SAME_LOWER" => size.CeilingDivide(strides[i]),
                "VALID" => Steps(size - reach, strides[i], up),
                _ => up ? Rounded(size + pads[i] + pads[i + axes] - reach, size + pads[i], strides[i])
                    : Steps(size + pads[i] + pads[i + axes] - reach, strides[i], false),
            };
        })];
    }

    /// <summary>X[n, c, *] and a kernel -> the spatial sizes of the transposed convolution's Y.</summary>
    public static Extent[]? SlideBack(NodeProto node, Extent[] x, Extent[] kernel)
    {
        var axes = kernel.Length;
        var strides = node.Ints("strides") ?? Ones(axes);
        var dilations = node.Ints("dilations") ?? Ones(axes);
        var pads = node.Ints("pads") ?? new long[2 * axes];
        var extra = node.Ints("output_padding") ?? new long[axes];
        if (x.Length != axes + 2 || strides.Length != axes || dilations.Length != axes || pads.Length != 2 * axes || extra.Length != axes)
            return null;
        if (node.Ints("output_shape") is { } stated)
            return stated.Length >= axes ? [.. stated.TakeLast(axes).Select(Extent.Of)] : null;
        var same = node.String("auto_pad", "NOTSET") is "SAME_UPPER" or "SAME_LOWER";
        return [.. Enumerable.Range(0, axes).Select(i => same
            ? x[i + 2] * strides[i]
            : (strides[i] * (x[i + 2] - 1)) + extra[i] + (dilations[i] * (kernel[i] - 1)) + 1 - pads[i] - pads[i + axes])];
    }

    static Extent Steps(Extent room, long stride, bool up) => (up ? room.CeilingDivide(stride) : room.FloorDivide(stride)) + 1;

    /// <summary>ceil_mode: a last window that would start in the end padding is left out.</summary>
    static Extent Rounded(Extent room, Extent end, long stride)
    {
        var steps = Steps(room, stride, true);
        return steps.Constant is { } count && end.Constant is { } last && (count - 1) * stride >= last ? count - 1 : steps;
    }

    static long[] Ones(int count) => [.. Enumerable.Repeat(1L, count)];
}
