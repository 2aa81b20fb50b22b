using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Training.Caching;

/// <summary>What a store holds for the images of one batch: a buffer that is used again and again. One thread at a time.</summary>
sealed class StoredRows
{
    byte[] bytes = [];
    bool[] known = [];

    /// <summary>The images.</summary>
    public IReadOnlyList<CanvasKey> Keys { get; private set; } = [];

    /// <summary>Bytes of an image's row; 0: not known yet.</summary>
    public int RowBytes { get; private set; }

    /// <summary>Images whose rows are not there.</summary>
    public int Missing { get; private set; }

    /// <summary>All rows, one after the other.</summary>
    public Span<byte> Bytes => bytes.AsSpan(0, Keys.Count * RowBytes);

    /// <summary>Room for the rows of other images, none of which is there.</summary>
    public void Begin(IReadOnlyList<CanvasKey> keys, int rowBytes)
    {
        (Keys, RowBytes, Missing) = (keys, rowBytes, keys.Count);
        if ((long)keys.Count * rowBytes > Array.MaxLength)
        {
            throw new InputException($"train.cache: expected rows of {keys.Count} images within 2 GB, got {rowBytes} bytes an image; lower train.batch, or tap fewer or smaller features");
        }

        if (bytes.Length < keys.Count * rowBytes)
        {
            bytes = GC.AllocateUninitializedArray<byte>(keys.Count * rowBytes);
        }

        if (known.Length < keys.Count)
        {
            known = new bool[keys.Count];
        }

        known.AsSpan(0, keys.Count).Clear();
    }

    /// <summary>Whether a row is there.</summary>
    public bool Has(int image) => known[image];

    /// <summary>A row's bytes.</summary>
    public Span<byte> Row(int image) => bytes.AsSpan(image * RowBytes, RowBytes);

    /// <summary>Says that a row has been filled.</summary>
    public void Filled(int image)
    {
        known[image] = true;
        Missing--;
    }
}
