using System.Runtime.InteropServices;
using OnnxAmalgam.Teachers;

namespace OnnxAmalgam.Benchmarks;

/// <summary>What the figures were made on.</summary>
static class Machine
{
    static readonly string[] Instructions = ["avx2", "avx512f", "avx512_bf16", "avx512_vnni", "amx_bf16"];

    /// <summary>Processor, cores, instructions that matter to matrix products, libraries.</summary>
    public static string Describe(string? reference)
    {
        string[] lines = File.Exists("/proc/cpuinfo") ? File.ReadAllLines("/proc/cpuinfo") : [];
        string Field(string name) => lines.FirstOrDefault(l => l.StartsWith(name, StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? "";
        string model = Field("model name") is { Length: > 0 } known ? known : RuntimeInformation.ProcessArchitecture.ToString();
        string[] flags = Field("flags").Split(' ');
        string instructions = string.Join(", ", Instructions.Where(flags.Contains));
        string versions = $"libtorch {TorchSharp.torch.__version__}, ONNX Runtime {OnnxRuntime.State().Version}, .NET {Environment.Version}";
        return $"{model}, {Environment.ProcessorCount} cores ({(instructions.Length > 0 ? instructions : "no vector instructions known")}); {versions}{(reference is null ? "" : $"; PyTorch {reference}")}";
    }
}
