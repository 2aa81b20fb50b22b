using OnnxAmalgam.Graphs;
using OnnxAmalgam.Trainable.Operators;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace OnnxAmalgam.Trainable.Ops;

/// <summary>Pools over one to three spatial axes.</summary>
internal static class Pooling
{
    public static readonly Operator[] Rows =
    [
        new("MaxPool", Since: 1, n => MaxPool(n, later: false)) { Attributes = ["auto_pad", "kernel_shape", "pads", "strides"] },
        new("MaxPool", Since: 8, n => MaxPool(n, later: false)) { Attributes = ["auto_pad", "kernel_shape", "pads", "strides", "storage_order"], MaxOutputs = 2 },
        new("MaxPool", Since: 10, n => MaxPool(n, later: true)) { Attributes = [.. Window.Attributes, "storage_order", "ceil_mode"], MaxOutputs = 2 },
        new("MaxUnpool", Since: 9, MaxUnpool) { Attributes = ["kernel_shape", "pads", "strides"], Host = [2], Disputed = ShapedOutput },
        new("AveragePool", Since: 7, n => AveragePool(n, ceils: false, dilates: false)) { Attributes = ["auto_pad", "kernel_shape", "pads", "strides", "count_include_pad"] },
        new("AveragePool", Since: 10, n => AveragePool(n, ceils: true, dilates: false)) { Attributes = ["auto_pad", "kernel_shape", "pads", "strides", "count_include_pad", "ceil_mode"] },
        new("AveragePool", Since: 19, n => AveragePool(n, ceils: true, dilates: true)) { Attributes = [.. Window.Attributes, "count_include_pad", "ceil_mode"] },
        new("LpPool", Since: 2, n => LpPool(n, later: false)) { Attributes = ["auto_pad", "kernel_shape", "pads", "strides", "p"], Precision = Precision.Full },
        new("LpPool", Since: 18, n => LpPool(n, later: true)) { Attributes = [.. Window.Attributes, "p", "ceil_mode"], Precision = Precision.Full },
        new("GlobalAveragePool", Since: 1, _ => c => [c[0].mean(Spatial(c[0]), keepdim: true)]),
        new("GlobalLpPool", Since: 2, GlobalLpPool) { Attributes = ["p"], Precision = Precision.Full },
        new("GlobalMaxPool", Since: 1, _ => c => [c[0].amax(Spatial(c[0]), keepdim: true)]),
    ];

    static long[] Spatial(Tensor x) => [.. Enumerable.Range(2, (int)x.dim() - 2).Select(axis => (long)axis)];

    /// <summary>X[n, c, *] -> the largest element in each window, and its place in the whole of X (with <c>storage_order=1</c> the spatial axes counted
    /// first to last).</summary>
    static Kernel MaxPool(OperatorNode n, bool later)
    {
        var window = WindowOf(n, dilates: later);
        var ceil = later && n.Flag("ceil_mode");
        var columnsFirst = n.Declares("storage_order") && n.Flag("storage_order");
        var places = n.HasOutput(1);
        return c =>
        {
            var x = c[0];
            if (FloatTypes.IsFloat(x.dtype)) return Pooled(x);
            // among bytes no padding is below them all
            using var scope = NewDisposeScope();
            var results = Pooled(x.to_type(ScalarType.Float32));
            results[0] = results[0].to_type(x.dtype);
            foreach (var result in results) result.MoveToOuterDisposeScope();
            return results;
        };

        Tensor[] Pooled(Tensor x)
        {
            var sizes = x.shape.AsSpan(2).ToArray();
            var g = window.On(sizes, window.Kernel!);
            if (places) return MaxPoolWithPlaces(x, g, EndsToCover(g, sizes, ceil), columnsFirst);
            if (g.IsSymmetric && Fits(g) && !ceil) return [MaxPool(x, g, g.Begins)];
            using var padded = Geometry.Pad(x, g.Begins, EndsToCover(g, sizes, ceil), double.NegativeInfinity);
            return [MaxPool(padded, g, new long[g.Rank])];
        }
    }

    static Tensor[] MaxPoolWithPlaces(Tensor x, Geometry g, long[] ends, bool columnsFirst)
    {
        using var scope = NewDisposeScope();
        var (shape, padded) = (x.shape, Geometry.Pad(x, g.Begins, ends, double.NegativeInfinity));
        var none = new long[g.Rank];
        var (values, places) = g.Rank switch
        {
            1 => functional.max_pool1d_with_indices(padded, g.Kernel[0], g.Strides[0], 0, g.Dilations[0]),
            2 => functional.max_pool2d_with_indices(padded, g.Kernel, g.Strides, none, g.Dilations),
            3 => functional.max_pool3d_with_indices(padded, g.Kernel, g.Strides, none, g.Dilations),
            _ => throw new ArgumentException($"expected 1 to 3 spatial axes, got {g.Rank}"),
        };

        // libtorch counts within one padded plane; ONNX within all of X.
        var planes = arange(shape[0] * shape[1], dtype: ScalarType.Int64, device: x.device).reshape([shape[0], shape[1], .. none.Select(_ => 1L)]);
        var (at, rest) = (planes.mul(shape.Skip(2).Aggregate(1L, (a, b) => a * b)), places);
        for (var axis = g.Rank - 1; axis >= 0; axis--)
        {
            var size = padded.shape[2 + axis];
            var place = rest.remainder(size).sub(g.Begins[axis]);
            var step = (columnsFirst ? shape[2..(2 + axis)] : shape[(3 + axis)..]).Aggregate(1L, (a, b) => a * b);
            (at, rest) = (at.add(place.mul(step)), rest.div(size, RoundingMode.floor));
        }

        return [values.MoveToOuterDisposeScope(), at.MoveToOuterDisposeScope()];
    }

    /// <summary>ONNX's file of opset 11 counts places in another shape than the one it states; later releases of ONNX have mended it.</summary>
    static string? ShapedOutput(Onnx.NodeProto node) =>
        node.InputOrNull(2) is not null ? "input 'output_shape': expected places counted in the shape that it states" : null;

    /// <summary>X[n, c, *], Places, OutputShape? -> zeros with each element at its place.</summary>
    static Kernel MaxUnpool(OperatorNode n)
    {
        var window = WindowOf(n);
        return c =>
        {
            using var scope = NewDisposeScope();
            var g = window.On(default, window.Kernel!);
            var shape = c[0].shape;
            long[] whole = c.OptionalInts(2) ?? [.. shape[..2], .. shape[2..].Select((size, i) => ((size - 1) * g.Strides[i]) - g.Begins[i] - g.Ends[i] + g.Kernel[i])];
            var flat = zeros([whole.Aggregate(1L, (a, b) => a * b)], c[0].dtype, c[0].device);
            return [flat.scatter(0, c[1].flatten(), c[0].flatten()).reshape(whole).MoveToOuterDisposeScope()];
        };
    }

    /// <summary>X[n, c, *] -> (sum of |x|^<c>p</c> over each plane)^(1/<c>p</c>).</summary>
    static Kernel GlobalLpPool(OperatorNode n)
    {
        var p = n.Int("p", 2);
        return c =>
        {
            using var scope = NewDisposeScope();
            return [Roots.Of(c[0].abs().pow(p).sum(Spatial(c[0]), keepdim: true), p).MoveToOuterDisposeScope()];
        };
    }

    static Tensor MaxPool(Tensor x, Geometry g, long[] pads) => g.Rank switch
    {
        1 => functional.max_pool1d(x, g.Kernel[0], g.Strides[0], pads[0], g.Dilations[0]),
        2 => functional.max_pool2d(x, g.Kernel, g.Strides, pads, g.Dilations),
        3 => functional.max_pool3d(x, g.Kernel, g.Strides, pads, g.Dilations),
        _ => throw new ArgumentException($"expected 1 to 3 spatial axes, got {g.Rank}"),
    };

    /// <summary>X[n, c, *] -> the mean of each window, padding counted (<c>count_include_pad</c>) or not; what <c>ceil_mode</c> adds never counts.</summary>
    static Kernel AveragePool(OperatorNode n, bool ceils, bool dilates)
    {
        var window = WindowOf(n, dilates);
        var ceil = ceils && n.Flag("ceil_mode");
        var countPads = n.Flag("count_include_pad");
        return c =>
        {
            var sizes = c[0].shape.AsSpan(2).ToArray();
            var g = window.On(sizes, window.Kernel!);
            if (g.IsSymmetric && Fits(g) && !ceil && Array.TrueForAll(g.Dilations, d => d == 1)) return [AveragePool(c[0], g, countPads)];
            using var scope = NewDisposeScope();
            var sums = SumPool(c[0], g, sizes, ceil);
            var ones = OnesLike(c[0], countPads ? [.. sizes.Select((size, i) => size + g.Begins[i] + g.Ends[i])] : sizes);
            var counted = countPads ? g with { Begins = new long[g.Rank], Ends = new long[g.Rank] } : g;
            var counts = SumPool(ones, counted, [.. ones.shape.Skip(2)], ceil, [.. sums.shape.Skip(2)]);
            return [sums.div(counts).MoveToOuterDisposeScope()];
        };
    }

    static Tensor OnesLike(Tensor like, long[] sizes) => ones([1, 1, .. sizes], like.dtype, like.device);

    static Tensor AveragePool(Tensor x, Geometry g, bool countPads) => g.Rank switch
    {
        1 => functional.avg_pool1d(x, g.Kernel[0], g.Strides[0], g.Begins[0], ceil_mode: false, countPads),
        2 => functional.avg_pool2d(x, g.Kernel, g.Strides, g.Begins, ceil_mode: false, countPads),
        3 => functional.avg_pool3d(x, g.Kernel, g.Strides, g.Begins, ceil_mode: false, countPads),
        _ => throw new ArgumentException($"expected 1 to 3 spatial axes, got {g.Rank}"),
    };

    /// <summary>X[n, c, *] -> (sum of |x|^<c>p</c> in each window)^(1/<c>p</c>).</summary>
    static Kernel LpPool(OperatorNode n, bool later)
    {
        var window = WindowOf(n, dilates: later);
        var ceil = later && n.Flag("ceil_mode");
        var p = n.Int("p", 2);
        return c =>
        {
            using var scope = NewDisposeScope();
            var sizes = c[0].shape.AsSpan(2).ToArray();
            var g = window.On(sizes, window.Kernel!);
            return [Roots.Of(SumPool(c[0].abs().pow(p), g, sizes, ceil), p).MoveToOuterDisposeScope()];
        };
    }

    /// <summary>Sums over windows of any kind, as a convolution of each channel with ones.</summary>
    static Tensor SumPool(Tensor x, Geometry g, long[] sizes, bool ceil, long[]? positions = null)
    {
        var ends = EndsToCover(g, sizes, ceil, positions);
        var planes = Geometry.Pad(x, g.Begins, ends, 0);
        var kernel = OnesLike(x, g.Kernel);
        var shape = planes.shape;
        var flat = planes.reshape([shape[0] * shape[1], 1, .. shape[2..]]);
        var sums = g.Rank switch
        {
            1 => functional.conv1d(flat, kernel, null, g.Strides[0], 0, g.Dilations[0]),
            2 => functional.conv2d(flat, kernel, null, g.Strides, new long[2], g.Dilations),
            3 => functional.conv3d(flat, kernel, null, g.Strides, new long[3], g.Dilations),
            _ => throw new ArgumentException($"expected 1 to 3 spatial axes, got {g.Rank}"),
        };
        return sums.reshape([shape[0], shape[1], .. sums.shape[2..]]);
    }

    /// <summary>Padding at the ends with which exactly the wanted number of windows fits.</summary>
    static long[] EndsToCover(Geometry g, long[] sizes, bool ceil, long[]? positions = null) =>
        [.. sizes.Select((size, i) => ((positions?[i] ?? g.Positions(i, size, ceil)) - 1) * g.Strides[i] + g.Span(i) - size - g.Begins[i])];

    /// <summary>libtorch pads by at most half a kernel.</summary>
    static bool Fits(Geometry g) => !g.Begins.Where((pad, i) => 2 * pad > g.Kernel[i]).Any();

    static Window WindowOf(OperatorNode n, bool dilates = false)
    {
        var window = Window.Of(n, dilates);
        return window.Kernel is not null ? window : throw OperatorNode.Refuse("kernel_shape", "a size for each spatial axis", "none");
    }
}
