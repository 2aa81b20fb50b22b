using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Metadata;
using OnnxAmalgam.Teachers;
using OnnxAmalgam.Training.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Ensemble;

/// <summary>A network in ONNX Runtime that is fed canvases. Owns its session.</summary>
sealed class TeacherSession : IDisposable
{
    readonly FrozenModel session;
    readonly Preprocess preprocess;
    readonly InputDescription input;
    /// <summary>Where the session's inputs and outputs lie: on its device, but for halves, which TorchSharp can point to on the CPU only
    /// (ONNX Runtime then copies).</summary>
    readonly Device memory;
    /// <summary>How runs are ordered against libtorch's work; null: both are on the processor.</summary>
    readonly CudaSchedule? schedule;
    RecordedBatch? recorded;

    /// <summary>Opens a session that computes just these values.</summary>
    /// <exception cref="InputException">ONNX Runtime does not take the graph, or the input description makes no sense.</exception>
    public TeacherSession(OnnxModel model, IReadOnlyList<string> outputs, InputDescription input, FrozenModelOptions options)
    {
        this.input = input;
        session = new FrozenModel(model, outputs, options);
        try
        {
            bool hasHalves = session.Outputs.Append(session.Input).Any(o => TorchMemory.Dtype(o.Type) == ScalarType.Float16);
            memory = hasHalves ? CPU : TorchMemory.Device(options.Device);
            schedule = memory.type == DeviceType.CUDA ? options.Schedule : null;
            preprocess = new Preprocess(input);
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <summary>Shapes of all outputs for so many images.</summary>
    public IReadOnlyList<long[]> Shapes(int images) => session.OutputShapes(input.ShapeOf(images));

    /// <summary>Whether batches are launched as a CUDA graph.</summary>
    public bool IsRecorded => recorded is not null;

    /// <summary>The batch that the graph insists on; null: any.</summary>
    public int? FixedBatch => session.FixedBatch;

    /// <summary>Runs the network on a batch of canvases, bytes X[n, c, h, w]: one float32 tensor an output, on the canvases' device.</summary>
    /// <param name="canvas">The batch.</param>
    /// <param name="record">Whether to record this batch's shape as a CUDA graph for this thread, where the session's schedule is that: nothing else may
    /// be asked of the device meanwhile.</param>
    public Tensor[] Run(Tensor canvas, bool record = false)
    {
        int images = (int)canvas.shape[0];
        if (FixedBatch is { } size && images < size)
        {
            return RunPadded(canvas, images, size);
        }

        using Tensor local = canvas.to(memory);
        using Tensor pixels = preprocess.Apply(local);
        if (record && schedule == CudaSchedule.Graph)
        {
            recorded ??= RecordedBatch.Of(session, pixels);
        }

        if (recorded?.Fits(pixels) == true)
        {
            return [.. recorded.Run(pixels).Select(o => o.to(ScalarType.Float32, canvas.device, copy: true))];
        }

        Tensor[] raw = TorchMemory.Outputs(session, pixels);
        if (schedule is CudaSchedule.OwnStream or CudaSchedule.Graph)
        {
            // The input may still be in the making on libtorch's stream, and what lay in the outputs' memory before may still be read there.
            cuda.synchronize(memory);
        }

        session.Run(TorchMemory.View(pixels), [.. raw.Select(TorchMemory.View)]);
        return [.. raw.Select(t => t.to(ScalarType.Float32, canvas.device))];
    }

    /// <summary>Fewer images than the graph insists on: the last stands in for those that lack, on whichever device it lies.</summary>
    Tensor[] RunPadded(Tensor canvas, int images, int size)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor padded = cat([canvas, canvas.narrow(0, images - 1, 1).expand([size - images, .. canvas.shape[1..]])], 0);
        return [.. Run(padded).Select(o => o.narrow(0, 0, o.shape[0] / size * images).clone().MoveToOuterDisposeScope())];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        recorded?.Dispose();
        session.Dispose();
    }
}
