using Onnx;
using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Graphs;

/// <summary>ONNX element types: what they are called in messages and how many bits an element takes.</summary>
public static class ElementTypes
{
    static readonly Dictionary<DataType, (string Name, int Bits)> Table = new()
    {
        [DataType.Float] = ("float32", 32),
        [DataType.Uint8] = ("uint8", 8),
        [DataType.Int8] = ("int8", 8),
        [DataType.Uint16] = ("uint16", 16),
        [DataType.Int16] = ("int16", 16),
        [DataType.Int32] = ("int32", 32),
        [DataType.Int64] = ("int64", 64),
        [DataType.String] = ("string", 0),
        [DataType.Bool] = ("bool", 8),
        [DataType.Float16] = ("float16", 16),
        [DataType.Double] = ("float64", 64),
        [DataType.Uint32] = ("uint32", 32),
        [DataType.Uint64] = ("uint64", 64),
        [DataType.Complex64] = ("complex64", 64),
        [DataType.Complex128] = ("complex128", 128),
        [DataType.Bfloat16] = ("bfloat16", 16),
        [DataType.Float8E4M3Fn] = ("float8e4m3fn", 8),
        [DataType.Float8E4M3Fnuz] = ("float8e4m3fnuz", 8),
        [DataType.Float8E5M2] = ("float8e5m2", 8),
        [DataType.Float8E5M2Fnuz] = ("float8e5m2fnuz", 8),
        [DataType.Uint4] = ("uint4", 4),
        [DataType.Int4] = ("int4", 4),
        [DataType.Float4E2M1] = ("float4e2m1", 4),
        [DataType.Float8E8M0] = ("float8e8m0", 8),
        [DataType.Uint2] = ("uint2", 2),
        [DataType.Int2] = ("int2", 2),
    };

    /// <summary>Whether this release of ONNX defines the type (<c>UNDEFINED</c> is none).</summary>
    public static bool IsKnown(DataType type) => Table.ContainsKey(type);

    /// <summary>The type's name as NumPy would say it (<c>float32</c>); a number for an unknown one.</summary>
    public static string Name(DataType type) =>
        Table.TryGetValue(type, out var row) ? row.Name
        : type == DataType.Undefined ? "undefined"
        : $"data type {(int)type}";

    /// <summary>Bits of one element: 2 to 128; 0 for strings, whose elements have no fixed size.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The type is not known.</exception>
    public static int Bits(DataType type) =>
        Table.TryGetValue(type, out var row) ? row.Bits : throw new ArgumentOutOfRangeException(nameof(type), type, "unknown ONNX element type");

    /// <summary>Number of elements of that shape (1 for no dimensions).</summary>
    /// <exception cref="OverflowException">A dimension is negative, or the product exceeds 63 bits.</exception>
    public static long Count(IEnumerable<long> dims)
    {
        var product = 1L;
        var empty = false;
        foreach (var dim in dims)
        {
            if (dim < 0) throw new OverflowException($"dimension {dim} is negative");
            if (dim == 0) empty = true;
            else product = checked(product * dim);
        }
        return empty ? 0 : product;
    }

    /// <summary>Bytes that so many elements take as raw data; elements under a byte are packed, the last byte is padded.</summary>
    /// <exception cref="OverflowException">More than 63 bits.</exception>
    /// <exception cref="ArgumentException">Strings: they have no raw form.</exception>
    public static long RawBytes(DataType type, long count)
    {
        var bits = Bits(type);
        if (bits == 0) throw new ArgumentException("strings have no raw form", nameof(type));
        return bits >= 8 ? checked(count * (bits / 8)) : checked(count + (8 / bits - 1)) / (8 / bits);
    }

    /// <summary>Bytes that a tensor's elements take as raw data, by its type and shape.</summary>
    /// <exception cref="OverflowException">A dimension is negative, or more than 63 bits.</exception>
    /// <exception cref="ArgumentException">Strings: they have no raw form.</exception>
    public static long RawBytes(TensorProto tensor) => RawBytes((DataType)tensor.DataType, Count(tensor.Dims));
}
