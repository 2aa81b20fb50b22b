using System.Globalization;
using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Training.Data;

/// <summary>One batch of canvases in plain memory. Belongs to the loader again after <see cref="BatchLoader.Return"/>.</summary>
internal sealed class ImageBatch
{
    /// <summary>Bytes [n, c, h, w]; the array is pinned, so its address may be used as long as it is referenced.</summary>
    public required byte[] Pixels { get; init; }
    /// <summary>The same images as the student sees them, where it sees others than the teachers; else null.</summary>
    public byte[]? StudentPixels { get; init; }
    /// <summary>Indices into the image set, in batch order; <see cref="Count"/> are valid.</summary>
    public required int[] Indices { get; init; }
    /// <summary>Images in this batch.</summary>
    public int Count { get; set; }
    /// <summary>Epoch, from 1.</summary>
    public int Epoch { get; set; }
    /// <summary>Batch within the epoch, from 0.</summary>
    public int Index { get; set; }
    /// <summary>What is stored of the teachers' outputs for these images; null where nothing is kept.</summary>
    internal Caching.StoredRows[]? Stored { get; set; }

    /// <summary>Memory for a batch.</summary>
    /// <exception cref="InputException">One array cannot hold it.</exception>
    internal static ImageBatch Of(int images, int canvasBytes, bool apart = false)
    {
        long bytes = (long)images * canvasBytes;
        if (bytes > Array.MaxLength)
            throw new InputException(string.Create(CultureInfo.InvariantCulture, $"a batch: expected at most {Array.MaxLength / canvasBytes:N0} images of {canvasBytes:N0} bytes, which is what one can hold, got {images:N0}; lower train.batch"));
        return new()
        {
            Pixels = GC.AllocateUninitializedArray<byte>((int)bytes, pinned: true),
            StudentPixels = apart ? GC.AllocateUninitializedArray<byte>((int)bytes, pinned: true) : null,
            Indices = new int[images],
        };
    }
}
