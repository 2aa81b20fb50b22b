using OnnxAmalgam.Teachers;

namespace OnnxAmalgam.Training.Ensemble;

/// <summary>Where a run computes.</summary>
/// <param name="Device">Of teachers and student.</param>
/// <param name="Threads">Threads within an operator.</param>
public sealed record ComputeOptions(ComputeDevice Device, int Threads)
{
    /// <summary>The same for an ONNX Runtime session.</summary>
    public FrozenModelOptions Session => new() { Device = Device, Threads = Threads };
}
