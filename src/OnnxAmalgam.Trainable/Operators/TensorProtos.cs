using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Onnx;
using OnnxAmalgam.Graphs;
using TorchSharp;
using static TorchSharp.torch;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxAmalgam.Trainable.Operators;

/// <summary>ONNX tensors to libtorch's and back.</summary>
internal static class TensorProtos
{
    /// <summary>libtorch's type of the same elements, or null where TorchSharp has none.</summary>
    public static ScalarType? ScalarTypeOf(DataType type) => type switch
    {
        DataType.Float => ScalarType.Float32,
        DataType.Double => ScalarType.Float64,
        DataType.Float16 => ScalarType.Float16,
        DataType.Bfloat16 => ScalarType.BFloat16,
        DataType.Int64 => ScalarType.Int64,
        DataType.Int32 => ScalarType.Int32,
        DataType.Int16 => ScalarType.Int16,
        DataType.Int8 => ScalarType.Int8,
        DataType.Uint8 => ScalarType.Byte,
        DataType.Bool => ScalarType.Bool,
        _ => null,
    };

    /// <summary>Whether it is one of the unsigned types that TorchSharp lacks; int64 holds their numbers.</summary>
    public static bool IsUnsigned(DataType type) => type is DataType.Uint16 or DataType.Uint32 or DataType.Uint64;

    /// <summary>Why neither libtorch nor int64 can hold the elements, or null.</summary>
    public static string? Refusal(TensorProto tensor, Func<TensorProto, byte[]> readRaw)
    {
        var type = (DataType)tensor.DataType;
        if (ScalarTypeOf(type) is not null) return null;
        if (!IsUnsigned(type)) return $"expected a type that libtorch has, got {ElementTypes.Name(type)}";
        var beyond = type == DataType.Uint64 ? MemoryMarshal.Cast<byte, ulong>(readRaw(tensor)).ToArray().FirstOrDefault(number => number > long.MaxValue) : 0;
        return beyond > 0 ? $"expected numbers below 2^63, got {beyond}" : null;
    }

    /// <summary>Whether the elements are floats that training can change.</summary>
    public static bool IsFloat(TensorProto tensor) =>
        ScalarTypeOf((DataType)tensor.DataType) is { } type && FloatTypes.IsFloat(type);

    /// <summary>A CPU tensor of the proto's shape and elements, floats in the types to compute in. The caller owns it.</summary>
    public static Tensor ToTorch(TensorProto tensor, byte[] raw, FloatTypes floats)
    {
        if (Refusal(tensor, _ => raw) is { } reason) throw new UnsupportedAttributeException($"tensor '{tensor.Name}': {reason}");
        if (IsUnsigned((DataType)tensor.DataType)) return Held(tensor, raw);
        var stored = ScalarTypeOf((DataType)tensor.DataType)!.Value;
        var result = empty([.. tensor.Dims], stored);
        if (raw.Length > 0) result.bytes = raw;
        var type = floats.Of(stored);
        if (type == stored) return result;
        using (result) return result.to_type(type);
    }

    /// <summary>The same of a tensor of a model, read where it lies.</summary>
    public static Tensor ToTorch(TensorProto tensor, OnnxModel model, FloatTypes floats)
    {
        if (ScalarTypeOf((DataType)tensor.DataType) is not { } stored) return ToTorch(tensor, model.ReadRaw(tensor), floats);
        var result = empty([.. tensor.Dims], stored);
        if (result.numel() > 0) model.CopyRaw(tensor, result.bytes);
        var type = floats.Of(stored);
        if (type == stored) return result;
        using (result) return result.to_type(type);
    }

    static Tensor Held(TensorProto tensor, byte[] raw)
    {
        var type = (DataType)tensor.DataType;
        var size = ElementTypes.Bits(type) / 8;
        var numbers = new long[raw.Length / size];
        for (var i = 0; i < numbers.Length; i++)
        {
            var element = raw.AsSpan(i * size, size);
            numbers[i] = type switch
            {
                DataType.Uint16 => BinaryPrimitives.ReadUInt16LittleEndian(element),
                DataType.Uint32 => BinaryPrimitives.ReadUInt32LittleEndian(element),
                _ => BinaryPrimitives.ReadInt64LittleEndian(element),
            };
        }

        using var flat = torch.tensor(numbers);
        return flat.reshape([.. tensor.Dims]).clone();
    }

    /// <summary>The elements of a float tensor, read without libtorch.</summary>
    public static IEnumerable<double> Numbers(TensorProto tensor, byte[] raw)
    {
        var type = (DataType)tensor.DataType;
        var size = type switch { DataType.Double => 8, DataType.Float => 4, _ => 2 };
        for (var at = 0; at + size <= raw.Length; at += size)
        {
            yield return type switch
            {
                DataType.Double => BitConverter.ToDouble(raw, at),
                DataType.Float => BitConverter.ToSingle(raw, at),
                DataType.Float16 => (double)BitConverter.ToHalf(raw, at),
                DataType.Bfloat16 => BitConverter.Int32BitsToSingle(BitConverter.ToUInt16(raw, at) << 16),
                _ => throw new ArgumentOutOfRangeException(nameof(tensor), type, "a tensor of floats"),
            };
        }
    }

    /// <summary>The tensor's elements as ONNX raw data of the stored type, wherever it lives.</summary>
    public static byte[] ToRaw(Tensor tensor, DataType stored)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var type = ScalarTypeOf(stored) ?? throw new ArgumentOutOfRangeException(nameof(stored), stored, "a type that libtorch has");
        var plain = tensor.detach().cpu().to_type(type).contiguous();
        return plain.numel() == 0 ? [] : plain.bytes.ToArray();
    }
}
