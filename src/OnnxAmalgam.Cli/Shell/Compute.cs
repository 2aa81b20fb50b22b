using OnnxAmalgam.Graphs;
using OnnxAmalgam.Teachers;
using OnnxAmalgam.Trainable;
using OnnxAmalgam.Training.Ensemble;

namespace OnnxAmalgam.Cli.Shell;

/// <summary>What <c>--device</c> and <c>--threads</c> mean on this machine.</summary>
internal static class Compute
{
    /// <summary>For ONNX Runtime alone. <c>auto</c> is CUDA where it is built in and a device is there.</summary>
    /// <exception cref="InputException">CUDA was asked for and is absent.</exception>
    public static ComputeOptions Of(Session session) => new(Device(session.Device), session.Threads ?? Environment.ProcessorCount);

    /// <summary>For ONNX Runtime and libtorch.</summary>
    /// <exception cref="InputException">libtorch does not work on this machine; or as <see cref="Of"/>.</exception>
    public static ComputeOptions WithTorch(Session session) =>
        TorchRuntime.State().Problem is { } problem ? throw new InputException(problem) : Of(session);

    static ComputeDevice Device(DeviceChoice choice)
    {
        if (choice is { IsAuto: false, Cuda: null })
            return ComputeDevice.Cpu;
        var state = OnnxRuntime.State();
        if (!state.HasCuda)
            return choice.IsAuto
                ? ComputeDevice.Cpu
                : throw new InputException($"--device {choice}: expected a build with CUDA, got one for the processor ({string.Join(", ", state.Providers)}); build with -p:Cuda=true (packages Microsoft.ML.OnnxRuntime.Gpu and {(OperatingSystem.IsWindows() ? "TorchSharp-cuda-windows" : "TorchSharp-cuda-linux")}), or use --device cpu");
        var devices = TorchRuntime.State().CudaDevices;
        var index = choice.Cuda ?? 0;
        if (index < devices)
            return new ComputeDevice(true, index);
        return choice.IsAuto
            ? ComputeDevice.Cpu
            : throw new InputException($"--device {choice}: expected one of {devices} CUDA devices, got number {index}; see onnx-amalgam doctor");
    }
}
