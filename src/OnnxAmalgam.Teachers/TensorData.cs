using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace OnnxAmalgam.Teachers;

/// <summary>A dense tensor in managed memory.</summary>
/// <param name="Type">Element type; one of fixed size.</param>
/// <param name="Shape">Dimensions.</param>
/// <param name="Bytes">Row-major elements, little-endian.</param>
public sealed record TensorData(TensorElementType Type, long[] Shape, byte[] Bytes)
{
    /// <summary>Float32 elements.</summary>
    public static TensorData Of(ReadOnlySpan<float> values, params long[] shape) =>
        new(TensorElementType.Float, shape, MemoryMarshal.AsBytes(values).ToArray());

    /// <summary>Whether the elements are floating-point numbers.</summary>
    public bool IsFloat => Type is TensorElementType.Float or TensorElementType.Double or TensorElementType.Float16 or TensorElementType.BFloat16;

    /// <summary>The elements as double; integers beyond 2^53 lose their last bits.</summary>
    public double[] ToDoubles() => Type.ToDoubles(Bytes);

    /// <summary>Bytes of one element, or null for types that this class cannot hold (strings, elements of less than a byte).</summary>
    public static int? SizeOf(TensorElementType type) => type.SizeInBytes();
}
