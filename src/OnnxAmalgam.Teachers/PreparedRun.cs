using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Teachers;

/// <summary>Inputs in place for one session. Owns their memory, not the session.</summary>
public sealed class PreparedRun : IDisposable
{
    readonly InferenceSession session;
    readonly string model;
    readonly string[] inputNames;
    readonly string[] outputNames;
    readonly string[] tensorNames;
    readonly OrtValue[] inputs;
    readonly GCHandle[] pins;
    readonly RunOptions options = new();

    internal PreparedRun(InferenceSession session, string model, IReadOnlyList<(string Name, TensorData Data)> feed, string[] outputNames, string[] tensorNames)
    {
        (this.session, this.model, this.outputNames, this.tensorNames) = (session, model, outputNames, tensorNames);
        foreach (var (name, data) in feed)
        {
            // ONNX Runtime reads as much as the shape says
            if (data.Type.SizeInBytes(data.Shape) is var expected && expected != data.Bytes.Length)
            {
                throw new InputException($"'{model}', input '{name}': expected {expected} bytes for {string.Join('x', data.Shape)}, got {data.Bytes.Length}");
            }
        }

        inputNames = [.. feed.Select(f => f.Name)];
        pins = [.. feed.Select(f => GCHandle.Alloc(f.Data.Bytes, GCHandleType.Pinned))];
        inputs = [.. feed.Zip(pins, (f, pin) => OrtValue.CreateTensorValueWithData(
            OrtMemoryInfo.DefaultInstance, f.Data.Type, f.Data.Shape, pin.AddrOfPinnedObject(), f.Data.Type.SizeInBytes(f.Data.Shape)))];
    }

    /// <summary>Runs and drops the results, all that the file states: for measuring.</summary>
    public void Execute() => Results(outputNames).Dispose();

    /// <summary>Runs and copies the results, one for each of <see cref="PlainSession.Outputs"/>.</summary>
    /// <exception cref="InputException">The graph does not run on these inputs.</exception>
    public IReadOnlyList<TensorData> Read()
    {
        if (tensorNames.Length == 0)
        {
            return [];
        }

        using var results = Results(tensorNames);
        return [.. results.Select(Copy)];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Array.ForEach(inputs, i => i.Dispose());
        Array.ForEach(pins, p => p.Free());
        options.Dispose();
    }

    IDisposableReadOnlyCollection<OrtValue> Results(string[] names)
    {
        try
        {
            return session.Run(options, inputNames, inputs, names);
        }
        catch (OnnxRuntimeException e)
        {
            throw SessionErrors.Failed(model, inputs.Length == 0 ? [] : inputs[0].GetTensorTypeAndShape().Shape, e);
        }
    }

    static TensorData Copy(OrtValue value)
    {
        var info = value.GetTensorTypeAndShape();
        return new(info.ElementDataType, info.Shape, value.GetTensorDataAsSpan<byte>().ToArray());
    }
}
