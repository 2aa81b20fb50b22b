using OnnxAmalgam.Teachers;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Ensemble;

/// <summary>A network's run on batches of one shape as a CUDA graph: buffers that stay where they are, a copy in, one launch, copies out. Owns them.</summary>
sealed class RecordedBatch : IDisposable
{
    readonly RecordedRun run;
    readonly Tensor pixels;
    readonly Tensor[] outputs;

    RecordedBatch(RecordedRun run, Tensor pixels, Tensor[] outputs) => (this.run, this.pixels, this.outputs) = (run, pixels, outputs);

    /// <summary>Records a run of this shape, or null where the network cannot be recorded.</summary>
    public static RecordedBatch? Of(FrozenModel session, Tensor example)
    {
        using var scope = NewDisposeScope();
        Tensor pixels = example.clone();
        Tensor[] outputs = TorchMemory.Outputs(session, pixels);
        cuda.synchronize(example.device);
        if (session.Record(TorchMemory.View(pixels), [.. outputs.Select(TorchMemory.View)]) is not { } run)
        {
            return null;
        }

        return new RecordedBatch(run, pixels.DetachFromDisposeScope(), [.. outputs.Select(o => o.DetachFromDisposeScope())]);
    }

    /// <summary>Whether the calling thread may run it on a batch of this shape.</summary>
    public bool Fits(Tensor other) => run.IsMine && other.shape.AsSpan().SequenceEqual(pixels.shape);

    /// <summary>Runs on these pixels: the outputs, to be copied before the next run.</summary>
    public IReadOnlyList<Tensor> Run(Tensor other)
    {
        pixels.copy_(other);
        // Not only for this copy: those of the last run's outputs may still be under way.
        cuda.synchronize(pixels.device);
        run.Execute();
        return outputs;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        run.Dispose();
        pixels.Dispose();
        foreach (Tensor output in outputs)
        {
            output.Dispose();
        }
    }
}
