using Onnx;

namespace OnnxAmalgam.Graphs;

/// <summary>Dimensions as files declare them.</summary>
public static class Dimensions
{
    /// <summary>The declared size; null where the dimension is free: named, left out, or negative as some exporters (Paddle) write it.</summary>
    public static long? FixedSize(this TensorShapeProto.Types.Dimension dimension)
    {
        ArgumentNullException.ThrowIfNull(dimension);
        return dimension is { HasDimValue: true, DimValue: >= 0 and var size } ? size : null;
    }
}
