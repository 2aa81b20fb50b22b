using Microsoft.ML.OnnxRuntime;
using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Teachers;

/// <summary>One session of one input that reads and writes memory given to it. Safe to use from several threads. Owns the session.</summary>
internal sealed class BoundSession : IDisposable
{
    readonly InferenceSession session;
    readonly RunOptions runOptions = new();
    readonly OrtMemoryInfo? cudaMemory;
    readonly string name;

    internal BoundSession(OnnxModel model, IReadOnlyList<string> outputs, FrozenModelOptions options)
    {
        name = model.Name;
        Device = options.Device;
        session = SessionFactory.Open(model, options);
        try
        {
            Input = SoleInput();
            Outputs = [.. outputs.Select(o => o == Input.Name
                ? throw new InputException($"'{name}', output '{o}': expected a value that the graph computes, got its input; read another value.")
                : Describe("output", o, session.OutputMetadata[o]))];
            cudaMemory = Device.IsCuda ? new OrtMemoryInfo("Cuda", OrtAllocatorType.DeviceAllocator, Device.Index, OrtMemType.Default) : null;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    internal ComputeDevice Device { get; }

    internal OutputInfo Input { get; }

    internal OutputInfo[] Outputs { get; }

    /// <summary>Runs once, writing into the outputs.</summary>
    internal void Run(TensorView input, IReadOnlyList<TensorView> outputs)
    {
        using OrtIoBinding binding = session.CreateIoBinding();
        OrtValue[] values = new OrtValue[outputs.Count + 1];
        try
        {
            values[0] = Wrap(input);
            binding.BindInput(Input.Name, values[0]);
            for (int i = 0; i < outputs.Count; i++)
            {
                values[i + 1] = Wrap(outputs[i]);
                binding.BindOutput(Outputs[i].Name, values[i + 1]);
            }

            binding.SynchronizeBoundInputs();
            session.RunWithBinding(runOptions, binding);
            binding.SynchronizeBoundOutputs();
        }
        catch (OnnxRuntimeException e)
        {
            throw SessionErrors.Failed(name, input.Shape, e);
        }
        finally
        {
            foreach (OrtValue? value in values)
            {
                value?.Dispose();
            }
        }
    }

    /// <summary>The outputs' shapes for an input of this shape, found by a run on zeros.</summary>
    internal long[][] Shapes(long[] inputShape)
    {
        using ScratchMemory zeros = new(Input.Type, inputShape);
        using OrtValue value = Wrap(zeros.View);
        try
        {
            using var results = session.Run(runOptions, [Input.Name], [value], [.. Outputs.Select(o => o.Name)]);
            return [.. results.Select(r => r.GetTensorTypeAndShape().Shape)];
        }
        catch (OnnxRuntimeException e)
        {
            throw SessionErrors.Failed(name, inputShape, e);
        }
    }

    public void Dispose()
    {
        cudaMemory?.Dispose();
        runOptions.Dispose();
        session.Dispose();
    }

    OrtValue Wrap(TensorView view) => OrtValue.CreateTensorValueWithData(
        view.Device.IsCuda ? cudaMemory! : OrtMemoryInfo.DefaultInstance, view.Type, view.Shape, view.Pointer, view.Type.SizeInBytes(view.Shape));

    OutputInfo SoleInput() => session.InputMetadata.Count == 1
        ? Describe("input", session.InputMetadata.First().Key, session.InputMetadata.First().Value)
        : throw new InputException($"'{name}': expected values that depend on one input, got {session.InputMetadata.Count} inputs"
            + $" ({string.Join(", ", session.InputMetadata.Keys.Select(k => $"'{k}'"))}); read values that the image alone determines.");

    OutputInfo Describe(string role, string value, NodeMetadata metadata)
    {
        if (metadata.OnnxValueType != OnnxValueType.ONNX_TYPE_TENSOR)
        {
            throw new InputException($"'{name}', {role} '{value}': expected a tensor, got {metadata.OnnxValueType}; read the tensor it is made from.");
        }

        if (metadata.ElementDataType.SizeInBytes() is null)
        {
            throw new InputException($"'{name}', {role} '{value}': expected numbers, got {metadata.ElementDataType}; read another value.");
        }

        return new(value, metadata.ElementDataType, [.. metadata.Dimensions.Select(d => (long)d)]);
    }
}
