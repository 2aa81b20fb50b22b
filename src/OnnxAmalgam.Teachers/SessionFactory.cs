using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using Onnx;
using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Teachers;

/// <summary>Opens sessions whose every setting is stated here: none comes from the model, the environment or a default that may change.</summary>
internal static class SessionFactory
{
    /// <summary>Largest result, in bytes, that one node may have when it is folded while loading; beyond it the node runs as it is.</summary>
    const long FoldingLimit = 256L << 20;

    /// <summary>Opens a model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="options">How to run it.</param>
    /// <param name="messageLimit">Bytes of inline weights beyond which one protobuf message does not hold the model.</param>
    /// <exception cref="InputException">ONNX Runtime does not take it, or the device is absent.</exception>
    internal static InferenceSession Open(OnnxModel model, FrozenModelOptions options, long messageLimit = int.MaxValue - (64 << 20))
    {
        OnnxRuntime.Load();
        OnnxRuntime.Require(options.Device);
        try
        {
            return InlineBytes(model) > messageLimit ? OpenFromFile(model, options) : OpenFromBytes(model, options);
        }
        catch (OnnxRuntimeException e)
        {
            throw SessionErrors.Refused(model, e);
        }
    }

    static long InlineBytes(OnnxModel model) => model.Proto.Graph.Initializer
        .Where(t => t.HasRawData)
        .Sum(t => ElementTypes.RawBytes((TensorProto.Types.DataType)t.DataType, ElementTypes.Count(t.Dims)));

    static InferenceSession OpenFromBytes(OnnxModel model, FrozenModelOptions options)
    {
        using SessionOptions settings = Settings(options, model.Path is { } path ? Path.GetDirectoryName(path) : null);
        return new InferenceSession(model.ToBytes(), settings);
    }

    /// <summary>By way of a folder that is gone afterwards, with the weights in a file of their own.</summary>
    static InferenceSession OpenFromFile(OnnxModel model, FrozenModelOptions options)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("onnx-amalgam-");
        try
        {
            OnnxModel parted = model.Clone();
            parted.MoveToExternalData();
            string path = Path.Combine(folder.FullName, "model.onnx");
            parted.Save(path);
            using SessionOptions settings = Settings(options, folder.FullName);
            return new InferenceSession(path, settings);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    static SessionOptions Settings(FrozenModelOptions options, string? externalData)
    {
        SessionOptions settings = new()
        {
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
            GraphOptimizationLevel = options.Optimise ? GraphOptimizationLevel.ORT_ENABLE_ALL : GraphOptimizationLevel.ORT_DISABLE_ALL,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            IntraOpNumThreads = options.Threads,
            InterOpNumThreads = 1,
            // A pattern holds one block for all intermediate results of a run, each at a place of its own: more memory, and not faster.
            EnableMemoryPattern = false,
        };
        // Spinning threads would take the cores from torch, which works while ONNX Runtime waits.
        settings.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        settings.AddSessionConfigEntry("session.inter_op.allow_spinning", "0");
        settings.AddSessionConfigEntry("session.load_model_format", "ONNX");
        settings.AddSessionConfigEntry("ep.context_enable", "0");
        settings.AddSessionConfigEntry("optimization.constant_folding_max_output_size_in_bytes", FoldingLimit.ToString(CultureInfo.InvariantCulture));
        if (externalData is not null)
        {
            settings.AddSessionConfigEntry("session.model_external_initializers_file_folder_path", externalData);
        }

        if (options.Device.IsCuda)
        {
            AddCuda(settings, options);
        }

        return settings;
    }

    static void AddCuda(SessionOptions settings, FrozenModelOptions options)
    {
        using OrtCUDAProviderOptions cuda = new();
        cuda.UpdateOptions(CudaSettings.Of(options));
        settings.AppendExecutionProvider_CUDA(cuda);
    }
}
