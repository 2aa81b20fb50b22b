using Microsoft.ML.OnnxRuntime.Tensors;

namespace OnnxAmalgam.Teachers;

/// <summary>Where a computation runs.</summary>
/// <param name="IsCuda">CUDA device, else CPU.</param>
/// <param name="Index">Device number; 0 for CPU.</param>
public readonly record struct ComputeDevice(bool IsCuda, int Index = 0)
{
    /// <summary>The processor.</summary>
    public static ComputeDevice Cpu => default;

    /// <summary><c>cpu</c> or <c>cuda:0</c>.</summary>
    public override string ToString() => IsCuda ? $"cuda:{Index}" : "cpu";
}

/// <summary>Memory that somebody else owns, seen as a dense row-major tensor. It must stay alive and in place while it is used.</summary>
/// <param name="Pointer">First element.</param>
/// <param name="Type">Element type.</param>
/// <param name="Shape">Dimensions.</param>
/// <param name="Device">Where the memory lies.</param>
public readonly record struct TensorView(nint Pointer, TensorElementType Type, long[] Shape, ComputeDevice Device);

/// <summary>An output as the session describes it; free dimensions are -1.</summary>
public sealed record OutputInfo(string Name, TensorElementType Type, long[] Shape);
