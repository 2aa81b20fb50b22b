using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Ensemble;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training;

/// <summary>A batch and what the teachers say of it. Owns its tensors; disposing it gives the batch's memory back to the loader.</summary>
/// <param name="Batch">Canvases, as bytes.</param>
/// <param name="Canvas">The same as X[n, c, h, w] on the student's device.</param>
/// <param name="Indices">The images' places in their set, I[n], there, too.</param>
/// <param name="Answers">One a teacher; empty where no term asks them.</param>
internal sealed record TaughtBatch(ImageBatch Batch, Tensor Canvas, Tensor Indices, IReadOnlyList<TeacherOutput> Answers) : IDisposable
{
    /// <summary>What the student sees, where it is not what the teachers see.</summary>
    public Tensor? Own { get; init; }

    /// <summary>X[n, c, h, w] as the student sees it.</summary>
    public Tensor StudentCanvas => Own ?? Canvas;

    /// <summary>Called once with the batch.</summary>
    public Action<ImageBatch>? Returned { get; init; }

    /// <summary>All that it owns.</summary>
    public IEnumerable<Tensor> Tensors => Answers.SelectMany(a => a.Logits is { } logits ? a.Taps.Prepend(logits) : a.Taps)
        .Prepend(Indices).Prepend(Canvas).Concat(Own is null ? [] : [Own]);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor tensor in Tensors)
        {
            tensor.Dispose();
        }

        Returned?.Invoke(Batch);
    }
}

/// <summary>The loader's batches with the teachers' answers, made on a thread of its own, while the student is at the one before or in turn with it
/// (<see cref="TeachingOrder"/>). What a batch holds does not depend on timing.</summary>
internal sealed class TaughtBatches : IDisposable
{
    readonly Func<ImageBatch, TaughtBatch> teach;
    readonly BatchLoader loader;
    readonly BlockingCollection<(TaughtBatch? Batch, Exception? Failure)> ready = [];
    readonly SemaphoreSlim asked = new(1);
    readonly CancellationTokenSource stop = new();
    readonly TeachingOrder order;
    readonly Thread thread;
    bool underWay = true;

    /// <summary>Starts teaching.</summary>
    /// <param name="loader">Where batches come from; not owned, and to be disposed after this.</param>
    /// <param name="teach">Asks the teachers; called on this one's thread only.</param>
    /// <param name="order">When they are asked.</param>
    public TaughtBatches(BatchLoader loader, Func<ImageBatch, TaughtBatch> teach, TeachingOrder order)
    {
        (this.loader, this.teach, this.order) = (loader, teach, order);
        thread = new Thread(Work) { IsBackground = true, Name = "teachers" };
        thread.Start();
    }

    /// <summary>The next batch, which the caller disposes before it asks for more than one other.</summary>
    /// <exception cref="Graphs.InputException">An image could not be read, or a teacher's answer is not finite.</exception>
    public TaughtBatch Next()
    {
        order.StepBegins();
        Ask();
        var (batch, failure) = ready.Take();
        underWay = false;
        if (failure is not null)
        {
            ExceptionDispatchInfo.Throw(failure);
        }

        if (order.IsAhead)
        {
            Ask();
        }

        return batch!;
    }

    /// <summary>Waits for the batch that is being made, and drops it.</summary>
    public void Dispose()
    {
        stop.Cancel();
        thread.Join();
        while (ready.TryTake(out var left))
        {
            left.Batch?.Dispose();
        }

        ready.Dispose();
        asked.Dispose();
        stop.Dispose();
    }

    void Ask()
    {
        if (!underWay)
        {
            asked.Release();
        }

        underWay = true;
    }

    void Work()
    {
        try
        {
            for (Exception? failure = null; failure is null;)
            {
                asked.Wait(stop.Token);
                (TaughtBatch? Batch, Exception? Failure) next = Make();
                failure = next.Failure;
                ready.Add(next);
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
    }

    (TaughtBatch? Batch, Exception? Failure) Make()
    {
        try
        {
            return (teach(loader.Next()) with { Returned = loader.Return }, null);
        }
        catch (Exception e)
        {
            return (null, e);
        }
    }
}
