using OnnxAmalgam.Trainable.Operators;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace OnnxAmalgam.Trainable.Ops;

/// <summary>Convolutions over one to three spatial axes.</summary>
internal static class Convolutions
{
    public static readonly Operator[] Rows =
    [
        new("Conv", Since: 1, Conv) { Weights = [1, 2], LeavesOutput = true, Attributes = [.. Window.Attributes, "group"] },
        new("ConvTranspose", Since: 1, ConvTranspose) { Weights = [1, 2], Attributes = [.. Window.Attributes, "group", "output_padding", "output_shape"] },
    ];

    /// <summary>X[n, c, *], W[m, c/group, *kernel], B[m]? -> Y[n, m, *].</summary>
    /// <remarks>libtorch pads both sides alike; other paddings are zeros put around X first.</remarks>
    internal static Kernel Conv(OperatorNode n)
    {
        var window = Window.Of(n);
        var groups = n.Int("group", 1);
        Geometry? settled = null;
        return c =>
        {
            var geometry = settled ?? window.On(window.Auto.StartsWith("SAME", StringComparison.Ordinal) ? c[0].shape.AsSpan(2) : default, c[1].shape.AsSpan(2));
            if (!window.Auto.StartsWith("SAME", StringComparison.Ordinal)) settled = geometry;
            if (geometry.IsSymmetric) return [Conv(c[0], c[1], c.Optional(2), geometry, geometry.Begins, groups)];
            using var padded = Geometry.Pad(c[0], geometry.Begins, geometry.Ends, 0);
            return [Conv(padded, c[1], c.Optional(2), geometry, new long[geometry.Rank], groups)];
        };
    }

    /// <summary>Fewest channels for which libtorch may take a 1x1 convolution with strides as it is.</summary>
    const int LeastStridedChannels = 16;

    /// <summary>Y of padded X.</summary>
    /// <remarks>libtorch 2.10 writes beyond its memory in the gradient of a 1x1 convolution with strides, of images with channels innermost and fewer than twelve
    /// channels: such a one sees only the positions that count.</remarks>
    static Tensor Conv(Tensor x, Tensor w, Tensor? bias, Geometry g, long[] pads, long groups)
    {
        if (g.Rank != 2 || x.shape[1] >= LeastStridedChannels || g.Strides.All(s => s == 1) || g.Kernel.Any(k => k != 1) || pads.Any(p => p != 0))
            return Convolve(x, w, bias, g, g.Strides, pads, groups);
        using var rows = x.slice(2, 0, x.shape[2], g.Strides[0]);
        using var seen = rows.slice(3, 0, x.shape[3], g.Strides[1]);
        return Convolve(seen, w, bias, g, [1, 1], pads, groups);
    }

    static Tensor Convolve(Tensor x, Tensor w, Tensor? bias, Geometry g, long[] strides, long[] pads, long groups) => g.Rank switch
    {
        1 => functional.conv1d(x, w, bias, strides[0], pads[0], g.Dilations[0], groups),
        2 => functional.conv2d(x, w, bias, strides, pads, g.Dilations, groups),
        3 => functional.conv3d(x, w, bias, strides, pads, g.Dilations, groups),
        _ => throw new ArgumentException($"expected 1 to 3 spatial axes, got {g.Rank}"),
    };

    /// <summary>X[n, c, *], W[c, m/group, *kernel], B[m]? -> Y[n, m, *].</summary>
    /// <remarks>Where ONNX's padding is not libtorch's (unequal sides, a wanted output shape, SAME), the full result is made, cut, and where it is too short
    /// lengthened by zeros.</remarks>
    static Kernel ConvTranspose(OperatorNode n)
    {
        var window = Window.Of(n);
        var groups = n.Int("group", 1);
        var (extra, wanted) = (n.Ints("output_padding"), n.Ints("output_shape"));
        var cuts = wanted is not null || window.Auto.StartsWith("SAME", StringComparison.Ordinal);
        return c =>
        {
            var sizes = c[0].shape.AsSpan(2).ToArray();
            var fixedWindow = window with { Auto = cuts ? "VALID" : window.Auto };
            var geometry = fixedWindow.On(sizes, c[1].shape.AsSpan(2));
            var padding = extra ?? new long[geometry.Rank];
            if (!cuts && geometry.IsSymmetric)
                return [Transposed(c[0], c[1], c.Optional(2), geometry, geometry.Begins, padding, groups)];
            using var scope = NewDisposeScope();
            var result = Transposed(c[0], c[1], null, geometry, new long[geometry.Rank], padding, groups);
            var missing = new long[geometry.Rank];
            for (var i = 0; i < geometry.Rank; i++)
            {
                var whole = ((sizes[i] - 1) * geometry.Strides[i]) + geometry.Span(i) + padding[i];
                var length = wanted is not null ? wanted[^(geometry.Rank - i)]
                    : cuts ? sizes[i] * geometry.Strides[i]
                    : whole - geometry.Begins[i] - geometry.Ends[i];
                var total = Math.Max(0, whole - length);
                var begin = !cuts ? geometry.Begins[i] : window.Auto == "SAME_UPPER" ? total / 2 : total - (total / 2);
                result = result.slice(2 + i, begin, begin + length, 1);
                if (wanted is not null) missing[i] = Math.Max(0, length - whole);
            }

            if (Array.Exists(missing, more => more > 0)) result = Geometry.Pad(result, new long[geometry.Rank], missing, 0);
            if (c.Optional(2) is { } bias) result = result.add(bias.reshape([-1, .. Enumerable.Repeat(1L, geometry.Rank)]));
            return [result.MoveToOuterDisposeScope()];
        };
    }

    static Tensor Transposed(Tensor x, Tensor w, Tensor? bias, Geometry g, long[] pads, long[] extra, long groups) => g.Rank switch
    {
        1 => functional.conv_transpose1d(x, w, bias, g.Strides[0], pads[0], extra[0], g.Dilations[0], groups),
        2 => functional.conv_transpose2d(x, w, bias, g.Strides, pads, extra, g.Dilations, groups),
        3 => functional.conv_transpose3d(x, w, bias, g.Strides, pads, extra, g.Dilations, groups),
        _ => throw new ArgumentException($"expected 1 to 3 spatial axes, got {g.Rank}"),
    };
}
