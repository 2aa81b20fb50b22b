using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Data;

/// <summary>One batch of canvases in plain memory. Belongs to the loader again after <see cref="BatchLoader.Return"/>.</summary>
public sealed class ImageBatch
{
    /// <summary>Bytes [n, c, h, w].</summary>
    public required byte[] Pixels { get; init; }
    /// <summary>Indices into the image set, in batch order; <see cref="Count"/> are valid.</summary>
    public required int[] Indices { get; init; }
    /// <summary>Images in this batch.</summary>
    public int Count { get; set; }
    /// <summary>Epoch, from 1.</summary>
    public int Epoch { get; set; }
    /// <summary>Batch within the epoch, from 0.</summary>
    public int Index { get; set; }
}

/// <summary>Shuffled, augmented batches made on other threads. What a batch holds depends on (seed, epoch, batch) only, never on timing or on where reading started.</summary>
public sealed class BatchLoader : IDisposable
{
    /// <summary>Starts loading at a position.</summary>
    /// <param name="images">The set.</param>
    /// <param name="batch">Images a batch; an epoch's last partial batch is dropped unless it is the only one.</param>
    /// <param name="augment">Steps, drawn anew per (seed, epoch, image).</param>
    /// <param name="seed">Seeds order and augmentation.</param>
    /// <param name="epoch">First epoch, from 1.</param>
    /// <param name="index">First batch within it.</param>
    /// <param name="workers">Threads.</param>
    public BatchLoader(ImageSet images, int batch, IReadOnlyList<AugmentStep> augment, long seed, int epoch = 1, int index = 0, int workers = 1) => throw new NotImplementedException();

    /// <summary>Batches an epoch.</summary>
    public int BatchesPerEpoch => throw new NotImplementedException();

    /// <summary>Time spent waiting in <see cref="Next"/>.</summary>
    public TimeSpan Waited => throw new NotImplementedException();

    /// <summary>The next batch; goes on into the following epoch without end.</summary>
    public ImageBatch Next() => throw new NotImplementedException();

    /// <summary>Gives a batch's memory back.</summary>
    public void Return(ImageBatch batch) => throw new NotImplementedException();

    /// <summary>Batches in source order without augmentation, last partial batch included: for evaluation.</summary>
    public static IEnumerable<ImageBatch> InOrder(ImageSet images, int batch) => throw new NotImplementedException();

    /// <inheritdoc/>
    public void Dispose() => throw new NotImplementedException();
}
