using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Operators;

/// <summary>Which float types a graph computes in, whatever its file stores.</summary>
/// <param name="All">One type for every float, or null: float32 for float32 and narrower, float64 for float64.</param>
internal readonly record struct FloatTypes(ScalarType? All)
{
    /// <summary>The type to compute in for a stored type; integers and booleans stay.</summary>
    public ScalarType Of(ScalarType stored) => stored switch
    {
        ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float32 => All ?? ScalarType.Float32,
        ScalarType.Float64 => All ?? ScalarType.Float64,
        _ => stored,
    };

    /// <summary>Whether a type is a float.</summary>
    public static bool IsFloat(ScalarType type) =>
        type is ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float32 or ScalarType.Float64;
}
