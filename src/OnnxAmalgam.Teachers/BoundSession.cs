using Microsoft.ML.OnnxRuntime;
using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Teachers;

/// <summary>One session of one input that reads and writes memory given to it. Safe to use from several threads. Owns the session.</summary>
internal sealed class BoundSession : IDisposable
{
    readonly InferenceSession session;
    readonly CudaSchedule schedule;
    readonly Lock oneAtATime = new();
    readonly RunOptions waiting;
    readonly RunOptions queued;
    readonly OrtMemoryInfo? cudaMemory;
    readonly string name;

    internal BoundSession(OnnxModel model, IReadOnlyList<string> outputs, FrozenModelOptions options)
    {
        name = model.Name;
        Device = options.Device;
        (session, schedule) = Open(model, options);
        (waiting, queued) = (Options(waits: true), Options(waits: false));
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
        using BoundRun run = Bind(input, outputs);
        run.Execute(LieHere(input, outputs) ? queued : waiting);
    }

    /// <summary>Runs once and records it, or null where it cannot be: the session does not record, or a view lies elsewhere.</summary>
    internal RecordedRun? Record(TensorView input, IReadOnlyList<TensorView> outputs) =>
        Device.IsCuda && schedule == CudaSchedule.Graph && LieHere(input, outputs) ? new RecordedRun(Bind(input, outputs)) : null;

    /// <summary>The outputs' shapes for an input of this shape, found by a run on zeros.</summary>
    internal long[][] Shapes(long[] inputShape)
    {
        using ScratchMemory zeros = new(Input.Type, inputShape);
        using OrtValue value = OrtValue.CreateTensorValueWithData(OrtMemoryInfo.DefaultInstance, Input.Type, inputShape, zeros.View.Pointer, Input.Type.SizeInBytes(inputShape));
        try
        {
            lock (Turn())
            {
                using var results = session.Run(waiting, [Input.Name], [value], [.. Outputs.Select(o => o.Name)]);
                return [.. results.Select(r => r.GetTensorTypeAndShape().Shape)];
            }
        }
        catch (OnnxRuntimeException e)
        {
            throw SessionErrors.Failed(name, inputShape, e);
        }
    }

    public void Dispose()
    {
        cudaMemory?.Dispose();
        waiting.Dispose();
        queued.Dispose();
        session.Dispose();
    }

    /// <summary>A CUDA graph holds kernels of CUDA alone: a network of which ONNX Runtime keeps a part on the processor runs without.</summary>
    static (InferenceSession Session, CudaSchedule Schedule) Open(OnnxModel model, FrozenModelOptions options)
    {
        if (options is { Device.IsCuda: true, Schedule: CudaSchedule.Graph })
        {
            try
            {
                return (SessionFactory.Open(model, options), options.Schedule);
            }
            catch (InputException)
            {
                options = options with { Schedule = CudaSchedule.OwnStream };
            }
        }

        return (SessionFactory.Open(model, options), options.Schedule);
    }

    RunOptions Options(bool waits)
    {
        RunOptions options = new();
        foreach (var (key, value) in Device.IsCuda ? CudaSettings.OfRun(schedule, waits) : new())
        {
            options.AddRunConfigEntry(key, value);
        }

        return options;
    }

    BoundRun Bind(TensorView input, IReadOnlyList<TensorView> outputs) =>
        new(session, name, (Input.Name, input), outputs.Select((view, i) => (Outputs[i].Name, view)), cudaMemory, Turn());

    /// <summary>A recorded graph writes where it was recorded, in memory that ONNX Runtime meanwhile gives to other runs: none may be under way then.</summary>
    Lock Turn() => schedule == CudaSchedule.Graph ? oneAtATime : new Lock();

    bool LieHere(TensorView input, IReadOnlyList<TensorView> outputs) => outputs.Append(input).All(v => v.Device == Device);

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
