using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Teachers;

/// <summary>Frees the batch of a graph that was exported with a fixed one, where the rewritten graph is shown to compute the same.</summary>
internal static class FreeBatch
{
    /// <summary>Larger trials are left out: such a model runs piece by piece.</summary>
    const long MostBytes = 256 << 20;

    /// <summary>A session of the rewritten graph, or null where there is none or where it differs from the original on seeded noise.</summary>
    /// <param name="original">A session of the graph as it was, with a fixed batch.</param>
    /// <param name="rewritten">The graph with a free batch, or null.</param>
    /// <param name="outputs">The values both compute.</param>
    /// <param name="options">How to open the new session.</param>
    internal static BoundSession? TryOpen(BoundSession original, OnnxModel? rewritten, IReadOnlyList<string> outputs, FrozenModelOptions options)
    {
        if (rewritten is null)
        {
            return null;
        }

        BoundSession? free = null;
        try
        {
            free = new BoundSession(rewritten, outputs, options);
            if (Sizes(original.Input).Any(size => Agree(original, free, size)))
            {
                return free;
            }
        }
        catch (InputException)
        {
            // The original runs, the rewritten graph does not: it is not a free batch.
        }

        free?.Dispose();
        return null;
    }

    /// <summary>Sizes to try for free dimensions other than the batch.</summary>
    static long[] Sizes(OutputInfo input) => input.Shape.AsSpan(1).Contains(-1) ? [64, 224] : [1];

    static bool Agree(BoundSession original, BoundSession free, long freeSize)
    {
        long size = original.Input.Shape[0], pieces = size == 1 ? 3 : 2;
        long[] one = [size, .. original.Input.Shape.Skip(1).Select(d => d < 0 ? freeSize : d)];
        long[] all = [size * pieces, .. one.AsSpan(1)];
        long[][] expectedShapes;
        try
        {
            expectedShapes = original.Shapes(one);
        }
        catch (InputException)
        {
            return false;
        }

        if (expectedShapes.Any(s => s is not [var rows, ..] || rows % size != 0)
            || !free.Shapes(all).Zip(expectedShapes).All(s => s.First.AsSpan().SequenceEqual([s.Second[0] * pieces, .. s.Second.AsSpan(1)])))
        {
            return false;
        }

        if (original.Outputs.Zip(expectedShapes).Select(o => Bytes(o.First.Type, [o.Second[0] * pieces, .. o.Second.AsSpan(1)])).Append(Bytes(original.Input.Type, all)).Max() > MostBytes)
        {
            return false;
        }

        using ScratchMemory input = new(original.Input.Type, all);
        Fill(original.Input.Type, input.Bytes);
        ScratchMemory[] expected = Allocate(original, expectedShapes, pieces), got = Allocate(original, expectedShapes, pieces);
        try
        {
            Piecewise.Run(original, (int)size, input.View, [.. expected.Select(e => e.View)]);
            free.Run(input.View, [.. got.Select(g => g.View)]);
            return original.Outputs.Zip(expected, got).All(o => Close(o.First.Type, o.Second.Bytes, o.Third.Bytes));
        }
        finally
        {
            Array.ForEach([.. expected, .. got], m => m.Dispose());
        }
    }

    static long Bytes(TensorElementType type, long[] shape) => type.SizeInBytes(shape);

    static ScratchMemory[] Allocate(BoundSession session, long[][] shapes, long pieces) =>
        [.. session.Outputs.Zip(shapes, (o, s) => new ScratchMemory(o.Type, [s[0] * pieces, .. s.AsSpan(1)]))];

    /// <summary>Bytes over their range, floats in [-2, 2).</summary>
    static void Fill(TensorElementType type, Span<byte> bytes)
    {
        Random random = new(1);
        switch (type)
        {
            case TensorElementType.Float:
                foreach (ref float x in MemoryMarshal.Cast<byte, float>(bytes)) { x = (random.NextSingle() * 4) - 2; }
                break;
            case TensorElementType.Double:
                foreach (ref double x in MemoryMarshal.Cast<byte, double>(bytes)) { x = (random.NextDouble() * 4) - 2; }
                break;
            case TensorElementType.Float16:
                foreach (ref Half x in MemoryMarshal.Cast<byte, Half>(bytes)) { x = (Half)((random.NextSingle() * 4) - 2); }
                break;
            case TensorElementType.UInt8 or TensorElementType.Int8:
                random.NextBytes(bytes);
                break;
        }
    }

    /// <summary>Equal up to the noise of another batch size: 1e-4 of the largest magnitude, 1e-2 for half precision.</summary>
    static bool Close(TensorElementType type, ReadOnlySpan<byte> expected, ReadOnlySpan<byte> got)
    {
        double[] a = type.ToDoubles(expected), b = type.ToDoubles(got);
        double tolerance = type is TensorElementType.Float16 or TensorElementType.BFloat16 ? 1e-2 : 1e-4;
        double limit = tolerance * Math.Max(1e-6, a.Max(Math.Abs));
        return a.Zip(b).All(p => Math.Abs(p.First - p.Second) <= limit);
    }
}
