using OnnxAmalgam.Teachers;

namespace OnnxAmalgam.Training.Ensemble;

/// <summary>Where a run computes.</summary>
/// <param name="Device">Of the student, the losses and the optimiser (libtorch).</param>
/// <param name="Threads">Threads within an operator.</param>
public sealed record ComputeOptions(ComputeDevice Device, int Threads)
{
    /// <summary>Of the teachers (ONNX Runtime): the student's device, unless only libtorch has CUDA.</summary>
    public ComputeDevice TeacherDevice { get; init; } = Device;

    /// <summary>How the teachers' runs on CUDA are ordered against the student's work; a matter of speed, not of results.</summary>
    public CudaSchedule Schedule { get; init; }

    /// <summary>The same for an ONNX Runtime session.</summary>
    public FrozenModelOptions Session => new() { Device = TeacherDevice, Threads = Threads, Schedule = Schedule };
}
