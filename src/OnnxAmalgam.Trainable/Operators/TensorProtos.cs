using Onnx;
using OnnxAmalgam.Graphs;
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

    /// <summary>Whether the elements are floats that training can change.</summary>
    public static bool IsFloat(TensorProto tensor) =>
        ScalarTypeOf((DataType)tensor.DataType) is { } type && FloatTypes.IsFloat(type);

    /// <summary>A CPU tensor of the proto's shape and elements, floats in the types to compute in. The caller owns it.</summary>
    public static Tensor ToTorch(TensorProto tensor, byte[] raw, FloatTypes floats)
    {
        var stored = ScalarTypeOf((DataType)tensor.DataType)
            ?? throw new UnsupportedAttributeException($"tensor '{tensor.Name}': expected a type that libtorch has, got {ElementTypes.Name((DataType)tensor.DataType)}");
        var result = empty([.. tensor.Dims], stored);
        if (raw.Length > 0) result.bytes = raw;
        var type = floats.Of(stored);
        if (type == stored) return result;
        using (result) return result.to_type(type);
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
