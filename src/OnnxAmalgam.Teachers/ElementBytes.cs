using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace OnnxAmalgam.Teachers;

/// <summary>Element types that lie densely in memory.</summary>
internal static class ElementBytes
{
    /// <summary>Bytes of one element, or null for types that have no fixed size (strings) or less than a byte.</summary>
    internal static int? SizeInBytes(this TensorElementType type) => type switch
    {
        TensorElementType.Bool or TensorElementType.Int8 or TensorElementType.UInt8 => 1,
        TensorElementType.Int16 or TensorElementType.UInt16 or TensorElementType.Float16 or TensorElementType.BFloat16 => 2,
        TensorElementType.Int32 or TensorElementType.UInt32 or TensorElementType.Float => 4,
        TensorElementType.Int64 or TensorElementType.UInt64 or TensorElementType.Double => 8,
        _ => null,
    };

    /// <summary>Bytes of a dense tensor.</summary>
    internal static long SizeInBytes(this TensorElementType type, ReadOnlySpan<long> shape)
    {
        long bytes = type.SizeInBytes() ?? throw new ArgumentException($"element type {type}: expected one of fixed size.", nameof(type));
        foreach (long size in shape)
        {
            bytes = checked(bytes * size);
        }

        return bytes;
    }

    /// <summary>Elements as double; integers beyond 2^53 lose their last bits.</summary>
    internal static double[] ToDoubles(this TensorElementType type, ReadOnlySpan<byte> bytes) => type switch
    {
        TensorElementType.Float => Convert<float>(bytes, x => x),
        TensorElementType.Double => Convert<double>(bytes, x => x),
        TensorElementType.Float16 => Convert<Half>(bytes, x => (double)x),
        TensorElementType.BFloat16 => Convert<ushort>(bytes, x => BitConverter.UInt32BitsToSingle((uint)x << 16)),
        TensorElementType.Int8 => Convert<sbyte>(bytes, x => x),
        TensorElementType.UInt8 or TensorElementType.Bool => Convert<byte>(bytes, x => x),
        TensorElementType.Int16 => Convert<short>(bytes, x => x),
        TensorElementType.UInt16 => Convert<ushort>(bytes, x => x),
        TensorElementType.Int32 => Convert<int>(bytes, x => x),
        TensorElementType.UInt32 => Convert<uint>(bytes, x => x),
        TensorElementType.Int64 => Convert<long>(bytes, x => x),
        TensorElementType.UInt64 => Convert<ulong>(bytes, x => x),
        _ => throw new ArgumentException($"element type {type}: expected a number.", nameof(type)),
    };

    static double[] Convert<T>(ReadOnlySpan<byte> bytes, Func<T, double> convert) where T : unmanaged
    {
        ReadOnlySpan<T> values = MemoryMarshal.Cast<byte, T>(bytes);
        double[] result = new double[values.Length];
        for (int i = 0; i < result.Length; i++)
        {
            result[i] = convert(values[i]);
        }

        return result;
    }
}
