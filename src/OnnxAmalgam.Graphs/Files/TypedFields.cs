using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Google.Protobuf.Collections;
using Onnx;
using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Graphs.Files;

/// <summary>Tensor elements that are stored in a typed field (<c>float_data</c>, <c>int32_data</c>, ...) instead of <c>raw_data</c>.</summary>
static class TypedFields
{
    /// <summary>Bytes of raw data that one entry of the type's field stands for: half an element of a complex type, two elements of int4.</summary>
    public static int EntryBytes(DataType type) => type switch
    {
        DataType.Complex64 => 4,
        DataType.Complex128 => 8,
        _ => Math.Max(1, ElementTypes.Bits(type) / 8),
    };

    /// <summary>Name of the typed field that ONNX prescribes for the type.</summary>
    public static string FieldOf(DataType type) => type switch
    {
        DataType.Float or DataType.Complex64 => "float_data",
        DataType.Double or DataType.Complex128 => "double_data",
        DataType.Int64 => "int64_data",
        DataType.Uint32 or DataType.Uint64 => "uint64_data",
        DataType.String => "string_data",
        _ => "int32_data",
    };

    /// <summary>Entries of the type's field.</summary>
    public static int Count(TensorProto tensor) => FieldOf((DataType)tensor.DataType) switch
    {
        "float_data" => tensor.FloatData.Count,
        "double_data" => tensor.DoubleData.Count,
        "int64_data" => tensor.Int64Data.Count,
        "uint64_data" => tensor.Uint64Data.Count,
        "string_data" => tensor.StringData.Count,
        _ => tensor.Int32Data.Count,
    };

    /// <summary>The bytes of a list of numbers that may be a placeholder by its size; else nothing.</summary>
    public static ReadOnlySpan<byte> MaybePlaceholder(TensorProto tensor)
    {
        if (tensor.FloatData.Count * sizeof(float) == WeightStore.PlaceholderBytes) return MemoryMarshal.AsBytes<float>(tensor.FloatData.ToArray());
        if (tensor.DoubleData.Count * sizeof(double) == WeightStore.PlaceholderBytes) return MemoryMarshal.AsBytes<double>(tensor.DoubleData.ToArray());
        return default;
    }

    /// <summary>The entries as raw data.</summary>
    public static byte[] Read(TensorProto tensor)
    {
        var type = (DataType)tensor.DataType;
        var size = EntryBytes(type);
        var raw = new byte[checked(Count(tensor) * size)];
        for (var i = 0; i * size < raw.Length; i++)
        {
            var entry = raw.AsSpan(i * size, size);
            switch (FieldOf(type))
            {
                case "float_data": BinaryPrimitives.WriteSingleLittleEndian(entry, tensor.FloatData[i]); break;
                case "double_data": BinaryPrimitives.WriteDoubleLittleEndian(entry, tensor.DoubleData[i]); break;
                case "int64_data": WriteLow(entry, (ulong)tensor.Int64Data[i]); break;
                case "uint64_data": WriteLow(entry, tensor.Uint64Data[i]); break;
                default: WriteLow(entry, (uint)tensor.Int32Data[i]); break;
            }
        }
        return raw;
    }

    /// <summary>Puts the elements in the place of a placeholder.</summary>
    public static void Fill(TensorProto tensor, ReadOnlySpan<byte> raw)
    {
        if (FieldOf((DataType)tensor.DataType) == "float_data")
        {
            tensor.FloatData.Clear();
            tensor.FloatData.AddRange(MemoryMarshal.Cast<byte, float>(raw).ToArray());
        }
        else
        {
            tensor.DoubleData.Clear();
            tensor.DoubleData.AddRange(MemoryMarshal.Cast<byte, double>(raw).ToArray());
        }
    }

    /// <summary>Replaces the entries. One that already stands for the same bits is left as its writer wrote it.</summary>
    public static void Write(TensorProto tensor, ReadOnlySpan<byte> raw)
    {
        var type = (DataType)tensor.DataType;
        var size = EntryBytes(type);
        for (var i = 0; i * size < raw.Length; i++)
        {
            var entry = raw.Slice(i * size, size);
            switch (FieldOf(type))
            {
                case "float_data": tensor.FloatData[i] = BinaryPrimitives.ReadSingleLittleEndian(entry); break;
                case "double_data": tensor.DoubleData[i] = BinaryPrimitives.ReadDoubleLittleEndian(entry); break;
                case "int64_data": tensor.Int64Data[i] = BinaryPrimitives.ReadInt64LittleEndian(entry); break;
                case "uint64_data": SetUnlessSame(tensor.Uint64Data, i, ReadLow(entry), size); break;
                default: SetInt32(tensor.Int32Data, i, entry, type); break;
            }
        }
    }

    static void SetUnlessSame(RepeatedField<ulong> field, int i, ulong value, int size)
    {
        if (size == 8 || (uint)field[i] != (uint)value) field[i] = value;
    }

    static void SetInt32(RepeatedField<int> field, int i, ReadOnlySpan<byte> entry, DataType type)
    {
        var bits = (uint)ReadLow(entry);
        var mask = entry.Length == 4 ? uint.MaxValue : (1u << (8 * entry.Length)) - 1;
        if (((uint)field[i] & mask) == bits) return;
        field[i] = type switch
        {
            DataType.Int8 => (sbyte)bits,
            DataType.Int16 => (short)bits,
            _ => (int)bits,
        };
    }

    static void WriteLow(Span<byte> entry, ulong value)
    {
        for (var i = 0; i < entry.Length; i++) entry[i] = (byte)(value >> (8 * i));
    }

    static ulong ReadLow(ReadOnlySpan<byte> entry)
    {
        var value = 0UL;
        for (var i = 0; i < entry.Length; i++) value |= (ulong)entry[i] << (8 * i);
        return value;
    }
}
