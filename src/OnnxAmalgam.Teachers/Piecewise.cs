using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Teachers;

/// <summary>Runs any batch through a graph that insists on one batch size.</summary>
internal static class Piecewise
{
    /// <summary>
    /// Cuts the batch into windows of the fixed size; where it does not divide, the last window reaches back over rows already
    /// done and writes them again. A batch smaller than one window is padded with its last row in scratch memory.
    /// </summary>
    internal static void Run(BoundSession session, int size, TensorView input, IReadOnlyList<TensorView> outputs)
    {
        long count = input.Shape[0];
        if (count < size)
        {
            RunPadded(session, size, input, outputs);
            return;
        }

        for (long done = 0; done < count; done += size)
        {
            long start = Math.Min(done, count - size);
            session.Run(Window(input, count, start, size), [.. outputs.Select(o => Window(o, count, start, size))]);
        }
    }

    static unsafe void RunPadded(BoundSession session, int size, TensorView input, IReadOnlyList<TensorView> outputs)
    {
        if (outputs.Append(input).Any(v => v.Device.IsCuda))
        {
            throw new InputException($"expected a batch of at least {size}, which the graph is fixed to, got {input.Shape[0]} on {session.Device}; use a larger batch, repeat images to fill it, or export the model with a free batch dimension.");
        }

        long count = input.Shape[0];
        using ScratchMemory padded = new(input.Type, Scaled(input.Shape, count, size));
        long rowBytes = input.Type.SizeInBytes(input.Shape) / count;
        for (long row = 0; row < size; row++)
        {
            Buffer.MemoryCopy((byte*)input.Pointer + (Math.Min(row, count - 1) * rowBytes), (byte*)padded.View.Pointer + (row * rowBytes), rowBytes, rowBytes);
        }

        ScratchMemory[] results = [.. outputs.Select(o => new ScratchMemory(o.Type, Scaled(o.Shape, count, size)))];
        try
        {
            session.Run(padded.View, [.. results.Select(r => r.View)]);
            foreach ((TensorView output, ScratchMemory result) in outputs.Zip(results))
            {
                long bytes = output.Type.SizeInBytes(output.Shape);
                Buffer.MemoryCopy((void*)result.View.Pointer, (void*)output.Pointer, bytes, bytes);
            }
        }
        finally
        {
            Array.ForEach(results, r => r.Dispose());
        }
    }

    /// <summary>The rows of images start..start+size of a view that holds those of <paramref name="count"/> images.</summary>
    static TensorView Window(TensorView whole, long count, long start, int size)
    {
        long imageBytes = whole.Type.SizeInBytes(whole.Shape) / count;
        return whole with { Pointer = whole.Pointer + (nint)(imageBytes * start), Shape = Scaled(whole.Shape, count, size) };
    }

    static long[] Scaled(long[] shape, long count, int size) => [shape[0] / count * size, .. shape.AsSpan(1)];
}
