using OnnxAmalgam.Graphs;
using OnnxAmalgam.Teachers;
using OnnxAmalgam.Trainable;
using OnnxAmalgam.Training.Ensemble;

namespace OnnxAmalgam.Cli.Shell;

/// <summary>What <c>--device</c> and <c>--threads</c> mean on this machine.</summary>
internal static class Compute
{
    const string TorchPackage = "TorchSharp-cuda-linux (TorchSharp-cuda-windows)";

    /// <summary>For ONNX Runtime alone. <c>auto</c> is CUDA where it is built in and a device is there.</summary>
    /// <exception cref="InputException">CUDA was asked for and is absent.</exception>
    public static ComputeOptions Of(Session session)
    {
        if (session.Device is { IsAuto: false, Cuda: null })
            return new(ComputeDevice.Cpu, Threads(session));
        var state = OnnxRuntime.State();
        if (state.HasCuda)
            return new(TorchDevice(session.Device), Threads(session));
        return session.Device.IsAuto
            ? new(ComputeDevice.Cpu, Threads(session))
            : throw new InputException($"--device {session.Device}: expected an ONNX Runtime with CUDA, got {string.Join(", ", state.Providers)}; build with make build CUDA=1 or -p:Cuda=true (package Microsoft.ML.OnnxRuntime.Gpu), or use --device cpu");
    }

    /// <summary>For commands that use processors alone; libtorch is made ready to compute.</summary>
    /// <exception cref="InputException">libtorch does not work on this machine.</exception>
    /// <exception cref="UsageException">CUDA was asked for.</exception>
    public static void OpenOnProcessor(Session session)
    {
        if (session.Device.Cuda is not null)
            throw new UsageException($"--device {session.Device}: expected cpu, on which this command compares, got a GPU");
        Open(session);
    }

    /// <summary>For ONNX Runtime and libtorch, which is made ready to compute. The student is on CUDA where libtorch has it; the teachers too where ONNX Runtime has it,
    /// else they stay on the processor, and that is said.</summary>
    /// <exception cref="InputException">libtorch does not work on this machine, or has no CUDA that was asked for.</exception>
    public static ComputeOptions OpenTorch(Session session)
    {
        Open(session);
        var device = TorchDevice(session.Device);
        var options = new ComputeOptions(device, Threads(session));
        if (device.IsCuda)
            TorchRuntime.UseFullFloat32();
        if (!device.IsCuda || OnnxRuntime.State().HasCuda)
            return options;
        session.Warn($"the student runs on {device}, the teachers on the processor: expected an ONNX Runtime with CUDA, got {string.Join(", ", OnnxRuntime.State().Providers)}; build with make build CUDA=1 or -p:Cuda=true (package Microsoft.ML.OnnxRuntime.Gpu)");
        return options with { TeacherDevice = ComputeDevice.Cpu };
    }

    static void Open(Session session)
    {
        TorchRuntime.FlushDenormals();
        if (TorchRuntime.State().Problem is { } problem)
            throw new InputException(problem);
        TorchSharp.torch.set_num_threads(Threads(session));
    }

    static int Threads(Session session) => session.Threads ?? Environment.ProcessorCount;

    static ComputeDevice TorchDevice(DeviceChoice choice)
    {
        if (choice is { IsAuto: false, Cuda: null })
            return ComputeDevice.Cpu;
        var devices = TorchRuntime.State().CudaDevices;
        var index = choice.Cuda ?? 0;
        if (index < devices)
            return new ComputeDevice(true, index);
        if (choice.IsAuto)
            return ComputeDevice.Cpu;
        throw new InputException(devices == 0
            ? $"--device {choice}: expected a libtorch with CUDA and a device, got none; build with make build CUDA=1 or -p:Cuda=true (packages {TorchPackage} and Microsoft.ML.OnnxRuntime.Gpu), check the driver with nvidia-smi, or use --device cpu"
            : $"--device {choice}: expected one of {devices} CUDA devices, got {index}; see onnx-amalgam doctor");
    }
}
