using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Graphs.Inference;

/// <summary>What inference knows of one value: element type, shape (null: rank unknown) and, for small tensors that take part in
/// shape arithmetic, the elements themselves in row-major order.</summary>
internal sealed record ValueState(DataType Type, Extent[]? Shape)
{
    /// <summary>More elements than this are never carried.</summary>
    public const int MostElements = 1024;

    /// <summary>Elements of an integer or boolean tensor, each possibly symbolic.</summary>
    public Extent[]? Integers { get; init => field = value is { Length: <= MostElements } ? value : null; }

    /// <summary>Elements of a float or double tensor.</summary>
    public double[]? Reals { get; init => field = value is { Length: <= MostElements } ? value : null; }

    /// <summary>The elements where all of them are plain numbers.</summary>
    public long[]? Constants =>
        Integers is { } all && Array.TrueForAll(all, one => one.Constant is not null) ? [.. all.Select(one => one.Constant!.Value)] : null;

    public int? Rank => Shape?.Length;

    public static ValueState OfIntegers(Extent[] elements, Extent[] shape, DataType type = DataType.Int64) =>
        new(type, shape) { Integers = elements };

    public static bool IsInteger(DataType type) => type is DataType.Int64 or DataType.Int32 or DataType.Int16 or DataType.Int8
        or DataType.Uint8 or DataType.Uint16 or DataType.Uint32 or DataType.Uint64 or DataType.Bool;

    public static bool IsReal(DataType type) => type is DataType.Float or DataType.Double or DataType.Float16 or DataType.Bfloat16;
}
