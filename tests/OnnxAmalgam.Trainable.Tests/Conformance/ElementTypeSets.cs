using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Tests.Conformance;

/// <summary>Types that ORT's CPU kernels have.</summary>
internal static class ElementTypeSets
{
    public static readonly ScalarType[] Float = [ScalarType.Float32];
    public static readonly ScalarType[] Floating = [ScalarType.Float32, ScalarType.Float64];
    public static readonly ScalarType[] Whole = [ScalarType.Int64, ScalarType.Int32];
    public static readonly ScalarType[] Numbers = [ScalarType.Float32, ScalarType.Float64, ScalarType.Int64, ScalarType.Int32];
}
