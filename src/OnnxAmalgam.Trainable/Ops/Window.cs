using OnnxAmalgam.Trainable.Operators;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace OnnxAmalgam.Trainable.Ops;

/// <summary>How a kernel slides over the spatial axes: the attributes that convolutions and pools share.</summary>
/// <param name="Kernel">Kernel size by spatial axis; null: the weight's.</param>
/// <param name="Strides">Steps; null: 1.</param>
/// <param name="Dilations">Distance of taps; null: 1.</param>
/// <param name="Pads">All begins, then all ends; null: 0.</param>
/// <param name="Auto">How padding is found: <c>NOTSET</c>, <c>SAME_UPPER</c>, <c>SAME_LOWER</c>, <c>VALID</c>.</param>
internal sealed record Window(long[]? Kernel, long[]? Strides, long[]? Dilations, long[]? Pads, string Auto)
{
    /// <summary>The attributes read here.</summary>
    public static readonly string[] Attributes = ["auto_pad", "dilations", "kernel_shape", "pads", "strides"];

    /// <summary>Reads a node's attributes.</summary>
    public static Window Of(OperatorNode n, bool dilates = true) => new(
        n.Ints("kernel_shape"), n.Ints("strides"), dilates ? n.Ints("dilations") : null, n.Ints("pads"),
        !n.Declares("auto_pad") ? "NOTSET" : n.Choice("auto_pad", "NOTSET", "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"));

    /// <summary>Everything spelled out for so many spatial axes of these sizes.</summary>
    /// <param name="sizes">Spatial sizes of the input; only looked at for <c>SAME_*</c>.</param>
    /// <param name="kernel">Kernel size by axis.</param>
    public Geometry On(ReadOnlySpan<long> sizes, ReadOnlySpan<long> kernel)
    {
        var rank = kernel.Length;
        var (strides, dilations) = (Strides ?? Ones(rank), Dilations ?? Ones(rank));
        var (begins, ends) = (new long[rank], new long[rank]);
        for (var i = 0; i < rank; i++)
        {
            if (Auto == "NOTSET" && Pads is not null) (begins[i], ends[i]) = (Pads[i], Pads[rank + i]);
            if (!Auto.StartsWith("SAME", StringComparison.Ordinal)) continue;
            var count = (sizes[i] + strides[i] - 1) / strides[i];
            var total = Math.Max(0, ((count - 1) * strides[i]) + ((kernel[i] - 1) * dilations[i]) + 1 - sizes[i]);
            begins[i] = Auto == "SAME_UPPER" ? total / 2 : total - (total / 2);
            ends[i] = total - begins[i];
        }

        return new(kernel.ToArray(), strides, dilations, begins, ends);
    }

    static long[] Ones(int rank)
    {
        var ones = new long[rank];
        Array.Fill(ones, 1);
        return ones;
    }
}

/// <summary>A window with every number known.</summary>
/// <param name="Kernel">Size by spatial axis.</param>
/// <param name="Strides">Step by spatial axis.</param>
/// <param name="Dilations">Distance of taps by spatial axis.</param>
/// <param name="Begins">Padding before the first element.</param>
/// <param name="Ends">Padding after the last element.</param>
internal sealed record Geometry(long[] Kernel, long[] Strides, long[] Dilations, long[] Begins, long[] Ends)
{
    /// <summary>Number of spatial axes.</summary>
    public int Rank => Kernel.Length;

    /// <summary>Whether both sides of each axis are padded alike, which is all that libtorch can do by itself.</summary>
    public bool IsSymmetric { get; } = Begins.AsSpan().SequenceEqual(Ends);

    /// <summary>Elements that one kernel spans, gaps included.</summary>
    public long Span(int axis) => ((Kernel[axis] - 1) * Dilations[axis]) + 1;

    /// <summary>Number of window positions along an axis.</summary>
    /// <param name="axis">Spatial axis.</param>
    /// <param name="size">The input's size there.</param>
    /// <param name="ceil">Count a last window that runs over the padded end, unless it begins there.</param>
    public long Positions(int axis, long size, bool ceil)
    {
        var room = size + Begins[axis] + Ends[axis] - Span(axis);
        var count = ceil ? ((room + Strides[axis] - 1) / Strides[axis]) + 1 : (room / Strides[axis]) + 1;
        return ceil && (count - 1) * Strides[axis] >= size + Begins[axis] ? count - 1 : count;
    }

    /// <summary>X padded by these amounts, in libtorch's order (last axis first).</summary>
    public static Tensor Pad(Tensor x, long[] begins, long[] ends, double value)
    {
        var pads = new long[2 * begins.Length];
        for (var i = 0; i < begins.Length; i++)
            (pads[2 * i], pads[(2 * i) + 1]) = (begins[^(i + 1)], ends[^(i + 1)]);
        return functional.pad(x, pads, TorchSharp.PaddingModes.Constant, value);
    }
}
