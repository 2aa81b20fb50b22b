using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace OnnxAmalgam.Teachers.Tests;

/// <summary>A tensor in an array that stays in place, between two bands of sentinels that nobody may write.</summary>
internal sealed class PinnedTensor<T> where T : unmanaged
{
    const int Band = 64;
    readonly T[] memory;
    readonly T sentinel;

    public PinnedTensor(TensorElementType type, long[] shape, T sentinel)
    {
        this.sentinel = sentinel;
        Length = (int)shape.Aggregate(1L, (a, b) => a * b);
        memory = GC.AllocateArray<T>(Length + (2 * Band), pinned: true);
        Array.Fill(memory, sentinel);
        View = new(Marshal.UnsafeAddrOfPinnedArrayElement(memory, Band), type, shape, ComputeDevice.Cpu);
    }

    public int Length { get; }

    public TensorView View { get; }

    public Span<T> Values => memory.AsSpan(Band, Length);

    public bool BandsAreIntact => memory.AsSpan(0, Band).ContainsAnyExcept(sentinel) is false && memory.AsSpan(Band + Length).ContainsAnyExcept(sentinel) is false;
}

internal static class PinnedTensor
{
    public static PinnedTensor<float> Floats(params long[] shape) => new(TensorElementType.Float, shape, -12345);

    public static PinnedTensor<float> Floats(long[] shape, float[] values)
    {
        PinnedTensor<float> tensor = Floats(shape);
        values.CopyTo(tensor.Values);
        return tensor;
    }

    /// <summary>Seeded values in [-1, 1).</summary>
    public static PinnedTensor<float> Noise(params long[] shape)
    {
        Random random = new(5);
        PinnedTensor<float> tensor = Floats(shape);
        foreach (ref float x in tensor.Values)
        {
            x = (random.NextSingle() * 2) - 1;
        }

        return tensor;
    }

    /// <summary>One output for one input.</summary>
    public static PinnedTensor<float> Run(this FrozenModel model, PinnedTensor<float> input)
    {
        PinnedTensor<float> output = Floats(model.OutputShapes(input.View.Shape)[0]);
        model.Run(input.View, [output.View]);
        return output;
    }
}
