using Microsoft.ML.OnnxRuntime;
using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Teachers;

/// <summary>A graph in ONNX Runtime as its file states it: every input, every output, for comparing and measuring. Owns its session.</summary>
public sealed class PlainSession : IDisposable
{
    readonly InferenceSession session;
    readonly string name;

    /// <summary>Opens a session.</summary>
    /// <exception cref="InputException">ONNX Runtime does not take the graph, the device is absent, or an input is no tensor of numbers.</exception>
    public PlainSession(OnnxModel model, FrozenModelOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        name = model.Name;
        Admission.Check(model);
        // Its runs allocate their results: they neither share a stream with anybody nor are recorded.
        session = SessionFactory.Open(model, (options ?? new()) with { Schedule = CudaSchedule.OwnStream });
        try
        {
            Inputs = [.. session.InputMetadata.Select(i => Describe(i.Key, i.Value))];
            Outputs = [.. session.OutputMetadata.Where(o => IsTensor(o.Value)).Select(o => Describe(o.Key, o.Value))];
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <summary>Inputs that must be fed; free dimensions are -1.</summary>
    public IReadOnlyList<OutputInfo> Inputs { get; }

    /// <summary>Outputs that are tensors of numbers (a ZipMap's maps are not); free dimensions are -1.</summary>
    public IReadOnlyList<OutputInfo> Outputs { get; }

    /// <summary>Puts inputs in place, so that runs can be repeated without copying them again.</summary>
    /// <param name="inputs">One tensor for each of <see cref="Inputs"/>, by name.</param>
    /// <exception cref="InputException">An input is missing.</exception>
    public PreparedRun Prepare(IReadOnlyDictionary<string, TensorData> inputs)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        var missing = Inputs.Where(i => !inputs.ContainsKey(i.Name)).Select(i => $"'{i.Name}'").ToArray();
        return missing.Length == 0
            ? new PreparedRun(session, name, [.. Inputs.Select(i => (i.Name, inputs[i.Name]))], [.. session.OutputMetadata.Keys], [.. Outputs.Select(o => o.Name)])
            : throw new InputException($"'{name}': expected every input to be given, got none for {string.Join(", ", missing)}");
    }

    /// <inheritdoc/>
    public void Dispose() => session.Dispose();

    static bool IsTensor(NodeMetadata metadata) =>
        metadata.OnnxValueType == OnnxValueType.ONNX_TYPE_TENSOR && metadata.ElementDataType.SizeInBytes() is not null;

    OutputInfo Describe(string value, NodeMetadata metadata) => IsTensor(metadata)
        ? new(value, metadata.ElementDataType, [.. metadata.Dimensions.Select(d => (long)d)])
        : throw new InputException($"'{name}', input '{value}': expected a tensor of numbers, got {(metadata.OnnxValueType == OnnxValueType.ONNX_TYPE_TENSOR ? metadata.ElementDataType : metadata.OnnxValueType)}");
}
