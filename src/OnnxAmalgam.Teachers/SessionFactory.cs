using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Teachers;

/// <summary>Opens sessions whose every setting is stated here: none comes from the model, the environment or a default that may change.</summary>
internal static class SessionFactory
{
    /// <summary>Largest result, in bytes, that one node may have when it is folded while loading; beyond it the node runs as it is.</summary>
    const long FoldingLimit = 256L << 20;

    /// <summary>Opens a model.</summary>
    /// <exception cref="InputException">ONNX Runtime does not take it, or the device is absent.</exception>
    internal static InferenceSession Open(OnnxModel model, FrozenModelOptions options)
    {
        OnnxRuntime.Load();
        OnnxRuntime.Require(options.Device);
        using SessionOptions settings = Settings(model, options);
        try
        {
            return new InferenceSession(model.ToBytes(), settings);
        }
        catch (OnnxRuntimeException e)
        {
            throw SessionErrors.Refused(model, e);
        }
    }

    static SessionOptions Settings(OnnxModel model, FrozenModelOptions options)
    {
        SessionOptions settings = new()
        {
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
            GraphOptimizationLevel = options.Optimise ? GraphOptimizationLevel.ORT_ENABLE_ALL : GraphOptimizationLevel.ORT_DISABLE_ALL,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            IntraOpNumThreads = options.Threads,
            InterOpNumThreads = 1,
        };
        // Spinning threads would take the cores from torch, which works while ONNX Runtime waits.
        settings.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        settings.AddSessionConfigEntry("session.inter_op.allow_spinning", "0");
        settings.AddSessionConfigEntry("session.load_model_format", "ONNX");
        settings.AddSessionConfigEntry("ep.context_enable", "0");
        settings.AddSessionConfigEntry("optimization.constant_folding_max_output_size_in_bytes", FoldingLimit.ToString(CultureInfo.InvariantCulture));
        if (model.Path is { } path)
        {
            settings.AddSessionConfigEntry("session.model_external_initializers_file_folder_path", Path.GetDirectoryName(path)!);
        }

        if (options.Device.IsCuda)
        {
            AddCuda(settings, options);
        }

        return settings;
    }

    static void AddCuda(SessionOptions settings, FrozenModelOptions options)
    {
        Dictionary<string, string> entries = new() { ["device_id"] = options.Device.Index.ToString(CultureInfo.InvariantCulture) };
        if (!options.Optimise)
        {
            entries["use_tf32"] = "0";
        }

        if (options.ComputeStream is { } stream)
        {
            entries["user_compute_stream"] = ((nuint)stream).ToString(CultureInfo.InvariantCulture);
        }

        using OrtCUDAProviderOptions cuda = new();
        cuda.UpdateOptions(entries);
        settings.AppendExecutionProvider_CUDA(cuda);
    }
}
