using Microsoft.ML.OnnxRuntime;
using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Teachers;

/// <summary>A run at fixed addresses as a CUDA graph: one launch instead of one a kernel. ONNX Runtime keeps it for the thread that recorded it,
/// so only that thread may run it. Owns neither the session nor the memory, which must stay in place.</summary>
public sealed class RecordedRun : IDisposable
{
    readonly BoundRun run;
    readonly RunOptions options = new();
    readonly Thread thread = Thread.CurrentThread;

    /// <summary>Records. ONNX Runtime first runs as often as it takes to have its memory in place.</summary>
    internal RecordedRun(BoundRun run)
    {
        this.run = run;
        try
        {
            run.Execute(options);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Whether the calling thread may run it.</summary>
    public bool IsMine => Thread.CurrentThread == thread;

    /// <summary>Runs on what lies in the input now, and returns when the outputs are there. As with any stream of ONNX Runtime's own, the device
    /// must have finished what touches this memory.</summary>
    /// <exception cref="InvalidOperationException">Another thread recorded it.</exception>
    /// <exception cref="InputException">The launch failed.</exception>
    public void Execute()
    {
        if (!IsMine)
        {
            throw new InvalidOperationException("a recorded run: expected the thread that recorded it, got another");
        }

        run.Execute(options);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        run.Dispose();
        options.Dispose();
    }
}
