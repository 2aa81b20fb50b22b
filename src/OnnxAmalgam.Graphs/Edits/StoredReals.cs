using System.Runtime.InteropServices;
using Onnx;
using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Graphs.Edits;

/// <summary>Elements of float tensors as doubles, and back.</summary>
internal static class StoredReals
{
    /// <summary>Whether the tensor is of a type that is read here.</summary>
    public static bool Fits(TensorProto tensor) => (DataType)tensor.DataType is DataType.Float or DataType.Double or DataType.Float16 or DataType.Bfloat16;

    /// <summary>The elements; none where the type is another.</summary>
    public static double[] Read(OnnxModel model, TensorProto tensor)
    {
        var bytes = Fits(tensor) ? model.ReadRaw(tensor).AsSpan() : default;
        return (DataType)tensor.DataType switch
        {
            DataType.Double => MemoryMarshal.Cast<byte, double>(bytes).ToArray(),
            DataType.Float16 => Array.ConvertAll(MemoryMarshal.Cast<byte, Half>(bytes).ToArray(), x => (double)x),
            DataType.Bfloat16 => Array.ConvertAll(MemoryMarshal.Cast<byte, ushort>(bytes).ToArray(), x => (double)BitConverter.UInt32BitsToSingle((uint)x << 16)),
            _ => Array.ConvertAll(MemoryMarshal.Cast<byte, float>(bytes).ToArray(), x => (double)x),
        };
    }

    /// <summary>Raw data of a type that <see cref="Fits"/>; null where an element is not finite in it.</summary>
    public static byte[]? Write(DataType type, double[] elements)
    {
        if (type == DataType.Double)
            return Array.TrueForAll(elements, double.IsFinite) ? MemoryMarshal.AsBytes<double>(elements).ToArray() : null;
        var single = Array.ConvertAll(elements, x => (float)x);
        var finite = Array.TrueForAll(single, x => float.IsFinite(x) && (type != DataType.Float16 || Half.IsFinite((Half)x)));
        return finite ? NewInitializers.Encode(type, single) : null;
    }
}
