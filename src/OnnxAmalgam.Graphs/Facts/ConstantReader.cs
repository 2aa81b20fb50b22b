using System.Runtime.InteropServices;
using Onnx;
using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Graphs.Inference;

/// <summary>Stored tensors as states: type, shape and, when small, their elements.</summary>
internal static class ConstantReader
{
    public static ValueState Read(OnnxModel model, TensorProto tensor)
    {
        var type = (DataType)tensor.DataType;
        var state = new ValueState(type, [.. tensor.Dims.Select(Extent.Of)]);
        var count = tensor.Dims.Aggregate(1L, (product, dim) => product > ValueState.MostElements ? product : product * dim);
        if (count > ValueState.MostElements || tensor.Dims.Any(dim => dim < 0 || dim > ValueState.MostElements))
            return state;
        return type switch
        {
            DataType.Int64 => state with { Integers = Integers<long>(model.ReadRaw(tensor), x => x) },
            DataType.Int32 => state with { Integers = Integers<int>(model.ReadRaw(tensor), x => x) },
            DataType.Uint8 or DataType.Bool => state with { Integers = Integers<byte>(model.ReadRaw(tensor), x => x) },
            DataType.Int8 => state with { Integers = Integers<sbyte>(model.ReadRaw(tensor), x => x) },
            DataType.Float => state with { Reals = Reals<float>(model.ReadRaw(tensor), x => x) },
            DataType.Double => state with { Reals = Reals<double>(model.ReadRaw(tensor), x => x) },
            _ => state,
        };
    }

    static Extent[] Integers<T>(byte[] raw, Func<T, long> widen) where T : unmanaged =>
        [.. MemoryMarshal.Cast<byte, T>(raw).ToArray().Select(x => Extent.Of(widen(x)))];

    static double[] Reals<T>(byte[] raw, Func<T, double> widen) where T : unmanaged =>
        [.. MemoryMarshal.Cast<byte, T>(raw).ToArray().Select(widen)];
}
