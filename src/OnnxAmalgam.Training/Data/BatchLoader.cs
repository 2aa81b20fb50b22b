using System.Diagnostics;
using System.Runtime.ExceptionServices;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Data;

/// <summary>Shuffled, augmented batches made on other threads. What a batch holds depends on (seed, epoch, batch) only, never on timing or on where reading started.</summary>
/// <remarks>
/// Each worker takes a free buffer and the number of the next batch that nobody makes yet, under one lock, so the batch that is waited for always has a buffer.
/// There are <c>2 * workers + 3</c> buffers; the caller may hold three at once. One thread calls <see cref="Next"/>; any may call <see cref="Return"/>.
/// </remarks>
internal sealed class BatchLoader : IDisposable
{
    readonly ImageSet images;
    readonly EpochOrder order;
    readonly Augmentation augmentation;
    readonly FixedViews? views;
    readonly Action<ImageBatch>? prepare;
    readonly object gate = new();
    readonly Stack<ImageBatch> free = new();
    readonly Dictionary<long, (ImageBatch Batch, Exception? Failure)> done = [];
    readonly Thread[] threads;
    long waitedTicks;
    long started;
    long delivered;
    volatile bool stopping;

    /// <summary>Starts loading at a position.</summary>
    /// <param name="images">The set.</param>
    /// <param name="batch">Images a batch; an epoch's last partial batch is dropped unless it is the only one.</param>
    /// <param name="augment">Steps, drawn anew per (seed, epoch, image).</param>
    /// <param name="seed">Seeds order and augmentation.</param>
    /// <param name="epoch">First epoch, from 1.</param>
    /// <param name="index">First batch within it; the number of batches an epoch means the next epoch's first.</param>
    /// <param name="workers">Threads.</param>
    /// <param name="views">Shows these views in turn instead of drawing anew in each epoch.</param>
    /// <param name="prepare">Called on a loading thread with each batch that is made; several may be under way.</param>
    /// <param name="apart">Whether the student sees what the teachers see in the other epoch of each pair (1 and 2, 3 and 4, ...).</param>
    public BatchLoader(ImageSet images, int batch, IReadOnlyList<AugmentStep> augment, long seed, int epoch = 1, int index = 0, int workers = 1, FixedViews? views = null, Action<ImageBatch>? prepare = null, bool apart = false)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batch);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(epoch);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(workers);
        ArgumentOutOfRangeException.ThrowIfZero(images.Count, nameof(images));
        this.images = images;
        order = new(images.Count, batch, seed);
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(index, order.BatchesPerEpoch);
        augmentation = new(augment, views?.Seed ?? seed, images);
        (this.views, this.prepare) = (views, prepare);
        started = delivered = (epoch - 1L) * order.BatchesPerEpoch + index;
        for (int i = 0; i < 2 * workers + 3; i++)
            free.Push(ImageBatch.Of(order.BatchSize, images.CanvasBytes, apart));
        threads = [.. Enumerable.Range(0, workers).Select(i => new Thread(Work) { IsBackground = true, Name = $"batch loader {i}" })];
        foreach (Thread thread in threads)
            thread.Start();
    }

    /// <summary>Batches an epoch.</summary>
    public int BatchesPerEpoch => order.BatchesPerEpoch;

    /// <summary>Time spent waiting in <see cref="Next"/>.</summary>
    public TimeSpan Waited => Stopwatch.GetElapsedTime(0, waitedTicks);

    /// <summary>The next batch; goes on into the following epoch without end.</summary>
    /// <exception cref="Graphs.InputException">An image of this batch could not be read again.</exception>
    public ImageBatch Next()
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(stopping, this);
            if (!done.ContainsKey(delivered))
                Wait();
            (ImageBatch batch, Exception? failure) = done[delivered];
            if (failure is not null)
                ExceptionDispatchInfo.Throw(failure);
            done.Remove(delivered++);
            return batch;
        }
    }

    /// <summary>Gives a batch's memory back.</summary>
    public void Return(ImageBatch batch)
    {
        lock (gate)
        {
            free.Push(batch);
            Monitor.PulseAll(gate);
        }
    }

    /// <summary>Batches in source order without augmentation, last partial batch included: for evaluation. A batch is valid until the next one is asked for.</summary>
    public static IEnumerable<ImageBatch> InOrder(ImageSet images, int batch)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batch);
        return Enumerate();

        IEnumerable<ImageBatch> Enumerate()
        {
            int bytes = images.CanvasBytes;
            ImageBatch buffer = ImageBatch.Of(Math.Min(batch, images.Count), bytes);
            buffer.Epoch = 1;
            for (int first = 0; first < images.Count; first += batch, buffer.Index++)
            {
                int start = first;
                buffer.Count = Math.Min(batch, images.Count - first);
                ParallelLoop.Run(buffer.Count, i =>
                {
                    buffer.Indices[i] = start + i;
                    images.Read(start + i, buffer.Pixels.AsSpan(i * bytes, bytes));
                });
                yield return buffer;
                NativeLeftovers.BatchEnded(buffer.Index + 1);
            }
        }
    }

    /// <summary>Stops the threads; each finishes the image it is at.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            stopping = true;
            Monitor.PulseAll(gate);
        }
        foreach (Thread thread in threads)
            thread.Join();
    }

    void Wait()
    {
        long start = Stopwatch.GetTimestamp();
        while (!done.ContainsKey(delivered))
        {
            ObjectDisposedException.ThrowIf(stopping, this);
            if (started == delivered && free.Count == 0)
                throw new InvalidOperationException("all batches are held by the caller: return each one before asking for more");
            Monitor.Wait(gate);
        }
        waitedTicks += Stopwatch.GetTimestamp() - start;
    }

    void Work()
    {
        byte[] scratch = new byte[images.CanvasBytes];
        while (Begin() is (ImageBatch batch, long number))
        {
            Exception? failure = null;
            try
            {
                Fill(batch, number, scratch);
            }
            catch (Exception e)
            {
                failure = e;
            }
            lock (gate)
            {
                done[number] = (batch, failure);
                Monitor.PulseAll(gate);
            }
        }
    }

    (ImageBatch, long)? Begin()
    {
        lock (gate)
        {
            while (!stopping && free.Count == 0)
                Monitor.Wait(gate);
            return stopping ? null : (free.Pop(), started++);
        }
    }

    void Fill(ImageBatch batch, long number, byte[] scratch)
    {
        batch.Epoch = checked((int)(number / order.BatchesPerEpoch) + 1);
        batch.Index = (int)(number % order.BatchesPerEpoch);
        batch.Count = order.BatchSize;
        order.Of(batch.Epoch, batch.Index).CopyTo(batch.Indices);
        int draws = views?.DrawsOf(batch.Epoch) ?? batch.Epoch;
        for (int i = 0; i < batch.Count && !stopping; i++)
        {
            Span<byte> canvas = batch.Pixels.AsSpan(i * scratch.Length, scratch.Length);
            images.Read(batch.Indices[i], canvas);
            if (batch.StudentPixels is { } own)
            {
                Span<byte> other = own.AsSpan(i * scratch.Length, scratch.Length);
                canvas.CopyTo(other);
                augmentation.Apply(other, scratch, draws % 2 == 0 ? draws - 1 : draws + 1, batch.Indices[i]);
            }

            augmentation.Apply(canvas, scratch, draws, batch.Indices[i]);
        }
        if (!stopping)
            prepare?.Invoke(batch);
    }
}
