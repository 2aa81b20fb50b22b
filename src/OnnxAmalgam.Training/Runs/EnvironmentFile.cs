using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Runs;

/// <summary>environment.json: what a run was made with, so that its figures can be judged and repeated.</summary>
static class EnvironmentFile
{
    static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Writes versions, device, threads, precision, seed and hashes.</summary>
    public static void Write(string path, AmalgamationSetup setup, string equation, Precision precision)
    {
        var hashes = new JsonObject();
        foreach (var (name, hash) in setup.Hashes())
        {
            hashes[name] = hash;
        }

        var document = new JsonObject
        {
            ["schemaVersion"] = 1,
            ["onnx_amalgam"] = Version(typeof(EnvironmentFile)),
            ["dotnet"] = RuntimeInformation.FrameworkDescription,
            ["system"] = RuntimeInformation.OSDescription,
            ["architecture"] = RuntimeInformation.OSArchitecture.ToString(),
            ["onnxruntime"] = Version(typeof(Microsoft.ML.OnnxRuntime.InferenceSession)),
            ["torchsharp"] = Version(typeof(TorchSharp.torch)),
            ["libtorch"] = TorchSharp.torch.__version__,
            ["device"] = setup.Compute.Device.ToString(),
            ["teacherDevice"] = setup.Compute.TeacherDevice.ToString(),
            ["threads"] = setup.Compute.Threads,
            ["processors"] = Environment.ProcessorCount,
            ["precision"] = precision == Precision.Bf16 ? "bf16" : "fp32",
            ["seed"] = setup.Recipe.Train.Seed,
            ["equation"] = equation,
            ["images"] = setup.Train.Count,
            ["sha256"] = hashes,
        };
        byte[] bytes = JsonSerializer.SerializeToUtf8Bytes(document, Indented);
        AtomicFile.Write(path, bytes);
    }

    /// <summary>What a run's results depend on beside its inputs, seed and threads.</summary>
    public static IReadOnlyDictionary<string, string> Machine(ComputeOptions compute) => new SortedDictionary<string, string>(StringComparer.Ordinal)
    {
        ["device"] = compute.Device.ToString(),
        ["device of the teachers"] = compute.TeacherDevice.ToString(),
        ["libtorch"] = TorchSharp.torch.__version__,
        ["onnx_amalgam"] = Version(typeof(EnvironmentFile)),
        ["onnxruntime"] = Version(typeof(Microsoft.ML.OnnxRuntime.InferenceSession)),
    };

    static string Version(Type type) => type.Assembly.GetName().Version?.ToString() ?? "unknown";
}
