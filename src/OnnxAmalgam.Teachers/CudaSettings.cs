using System.Globalization;

namespace OnnxAmalgam.Teachers;

/// <summary>What ONNX Runtime's CUDA provider is told, in its own words.</summary>
internal static class CudaSettings
{
    /// <summary>The handle cudaStreamLegacy. A null pointer means the same stream to CUDA, but to ONNX Runtime that none was given: it would take
    /// one of its own, which waits for nobody.</summary>
    const string DefaultStream = "1";

    /// <summary>Of a session.</summary>
    internal static Dictionary<string, string> Of(FrozenModelOptions options)
    {
        Dictionary<string, string> entries = new()
        {
            ["device_id"] = options.Device.Index.ToString(CultureInfo.InvariantCulture),
            // Float32 is float32, as in the student.
            ["use_tf32"] = "0",
            // Not by racing the algorithms against each other, whose winner differs from run to run.
            ["cudnn_conv_algo_search"] = "HEURISTIC",
        };
        if (options.Schedule == CudaSchedule.DefaultStream)
        {
            entries["user_compute_stream"] = DefaultStream;
        }

        if (options.Schedule == CudaSchedule.Graph)
        {
            entries["enable_cuda_graph"] = "1";
        }

        return entries;
    }

    /// <summary>Of a run that is not recorded.</summary>
    /// <param name="schedule">The session's.</param>
    /// <param name="waits">Whether the run returns when it is done.</param>
    internal static Dictionary<string, string> OfRun(CudaSchedule schedule, bool waits) => (schedule, waits) switch
    {
        (CudaSchedule.Graph, _) => new() { ["gpu_graph_id"] = "-1" },
        (CudaSchedule.DefaultStream, false) => new() { ["disable_synchronize_execution_providers"] = "1" },
        _ => new(),
    };
}
