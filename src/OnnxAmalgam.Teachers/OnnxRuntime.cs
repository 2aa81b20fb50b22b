using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Teachers;

/// <summary>What is known of the ONNX Runtime that was loaded.</summary>
/// <param name="Version">Its version.</param>
/// <param name="Providers">Execution providers it was built with, best first.</param>
/// <param name="HasCuda">Whether CUDA is among them.</param>
/// <param name="TelemetryIsOff">Whether it was told, before it loaded, to send nothing.</param>
public sealed record OnnxRuntimeState(string Version, IReadOnlyList<string> Providers, bool HasCuda, bool TelemetryIsOff);

/// <summary>The process-wide ONNX Runtime.</summary>
public static class OnnxRuntime
{
    const string CudaProvider = "CUDAExecutionProvider";

    static readonly Lazy<OrtEnv> Environment = new(CreateEnvironment);

    /// <summary>Loads ONNX Runtime, if need be, and describes it.</summary>
    public static OnnxRuntimeState State()
    {
        string[] providers = Load().GetAvailableProviders();
        return new(Load().GetVersionString(), providers, providers.Contains(CudaProvider), Telemetry.IsOff);
    }

    internal static OrtEnv Load() => Environment.Value;

    /// <summary>Throws where the device cannot be used by this build.</summary>
    internal static void Require(ComputeDevice device)
    {
        if (device.IsCuda && !State().HasCuda)
        {
            string torch = OperatingSystem.IsWindows() ? "TorchSharp-cuda-windows" : "TorchSharp-cuda-linux";
            throw new InputException($"device '{device}': expected an ONNX Runtime with CUDA, got a CPU build ({string.Join(", ", State().Providers)}); "
                + $"rebuild with -p:Cuda=true (packages Microsoft.ML.OnnxRuntime.Gpu, {torch}), or use --device cpu.");
        }
    }

    /// <summary>Errors reach the user as exceptions; ONNX Runtime's own lines on stderr would say them twice.</summary>
    static OrtEnv CreateEnvironment()
    {
        var options = new EnvironmentCreationOptions { logId = "onnx-amalgam", logLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        OrtEnv environment = Create(ref options);
        environment.DisableTelemetryEvents();
        var first = new Thread(OpenFirst);
        first.Start();
        first.Join();
        return environment;
    }

    /// <summary>The first session of a process says how its thread takes denormal numbers, whatever that thread was told before. So it is opened on a thread that ends.</summary>
    static void OpenFirst()
    {
        var value = new Onnx.ValueInfoProto { Name = "x", Type = new() { TensorType = new() { ElemType = (int)Onnx.TensorProto.Types.DataType.Float } } };
        var model = new Onnx.ModelProto
        {
            IrVersion = 8,
            OpsetImport = { new Onnx.OperatorSetIdProto { Version = 17 } },
            Graph = new() { Name = "first", Input = { value }, Output = { new Onnx.ValueInfoProto(value) { Name = "y" } }, Node = { new Onnx.NodeProto { OpType = "Identity", Input = { "x" }, Output = { "y" } } } },
        };
        new InferenceSession(model.ToByteArray()).Dispose();
    }

    /// <summary>The program around this library may have one already, as it wants it.</summary>
    static OrtEnv Create(ref EnvironmentCreationOptions options)
    {
        try
        {
            return OrtEnv.CreateInstanceWithOptions(ref options);
        }
        catch (OnnxRuntimeException) when (OrtEnv.IsCreated)
        {
            return OrtEnv.Instance();
        }
    }
}
