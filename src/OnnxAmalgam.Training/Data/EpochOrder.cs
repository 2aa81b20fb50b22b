namespace OnnxAmalgam.Training.Data;

/// <summary>Which images each batch of each epoch holds: a permutation keyed by (seed, epoch). Thread-safe.</summary>
sealed class EpochOrder(int images, int batch, long seed)
{
    const int Remembered = 2;

    readonly Lock gate = new();
    readonly Queue<(int Epoch, int[] Order)> recent = new();

    /// <summary>Images a batch: all of them where there are fewer than were asked for.</summary>
    public int BatchSize { get; } = Math.Min(batch, images);

    /// <summary>Full batches an epoch.</summary>
    public int BatchesPerEpoch => images / BatchSize;

    /// <summary>The images of a batch, in order.</summary>
    public ReadOnlySpan<int> Of(int epoch, int index) => Permutation(epoch).AsSpan(index * BatchSize, BatchSize);

    int[] Permutation(int epoch)
    {
        lock (gate)
        {
            foreach ((int known, int[] order) in recent)
            {
                if (known == epoch)
                    return order;
            }
            int[] made = Randomness.Permutation(seed, "order", epoch, images);
            recent.Enqueue((epoch, made));
            if (recent.Count > Remembered)
                recent.Dequeue();
            return made;
        }
    }
}
