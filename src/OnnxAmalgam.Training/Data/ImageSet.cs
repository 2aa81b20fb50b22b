using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Data;

/// <summary>Decoded images on one canvas, in source order, with what is known of each. Immutable; reading is thread-safe.</summary>
public abstract class ImageSet
{
    /// <summary>Most memory that one set keeps canvases in (2 GiB). What does not fit is decoded again each time it is read.</summary>
    public const long MemoryBytes = 2L << 30;

    /// <summary>Number of images (those that cannot be decoded are left out).</summary>
    public abstract int Count { get; }
    /// <summary>1 (all grey) or 3.</summary>
    public abstract int Channels { get; }
    /// <summary>Canvas height in pixels.</summary>
    public abstract int Height { get; }
    /// <summary>Canvas width in pixels.</summary>
    public abstract int Width { get; }
    /// <summary>Which source each image came from (index into the list it was opened with).</summary>
    public abstract int SourceOf(int index);
    /// <summary>The class name, or null where the source has none.</summary>
    public abstract string? LabelOf(int index);
    /// <summary>What a message calls the image (path, or path#record).</summary>
    public abstract string NameOf(int index);
    /// <summary>Writes the canvas as bytes [c, h, w].</summary>
    /// <exception cref="InputException">A file that had to be decoded again is damaged or gone.</exception>
    public abstract void Read(int index, Span<byte> canvas);

    /// <summary>Bytes of one canvas.</summary>
    public int CanvasBytes => Channels * Height * Width;

    /// <summary>How many images go into a batch that nobody states a size of: so many, but no more than 64 MB of pixels.</summary>
    internal int BatchOf(int most) => Math.Clamp((64 << 20) / CanvasBytes, 1, most);

    /// <summary>The images at <paramref name="indices"/>, in that order, as a set that shares this one's memory.</summary>
    public ImageSet Select(IReadOnlyList<int> indices) => new ImageSubset(this, [.. indices]);

    /// <summary>At most so many of the images, evenly spread over the set, the first among them.</summary>
    internal ImageSet Spread(int most) => Select(SpreadOver(Count, most));

    /// <summary>At most <paramref name="most"/> of the indices below <paramref name="count"/>, evenly spread.</summary>
    internal static int[] SpreadOver(int count, int most)
    {
        int taken = Math.Min(count, most);
        return [.. Enumerable.Range(0, taken).Select(i => (int)((long)i * count / taken))];
    }

    /// <summary>Opens sources in order as one set.</summary>
    /// <param name="sources">At least one.</param>
    /// <param name="channels">1 or 3: grey is repeated, colour becomes grey by ITU-R 601.</param>
    /// <param name="height">Canvas height.</param>
    /// <param name="width">Canvas width.</param>
    /// <param name="warn">Receives one line for each file that cannot be decoded.</param>
    /// <exception cref="InputException">Missing, empty or damaged source; more than 1 % undecodable.</exception>
    public static ImageSet Open(IReadOnlyList<SourceRecipe> sources, int channels, int height, int width, Action<string> warn) =>
        Open(sources, channels, height, width, warn, MemoryBytes);

    /// <summary>Decodes one JPEG, PNG, WebP or BMP file to a canvas [c, h, w] as <see cref="Open(IReadOnlyList{SourceRecipe}, int, int, int, Action{string})"/> does.</summary>
    /// <exception cref="InputException">The file is missing or cannot be decoded.</exception>
    public static byte[] ReadFile(string path, int channels, int height, int width)
    {
        Canvas canvas = CanvasOf(channels, height, width);
        byte[] pixels = new byte[canvas.Bytes];
        return Picture.Read(path, canvas, pixels) is string problem ? throw new InputException($"'{path}': {problem}") : pixels;
    }

    internal static ImageSet Open(IReadOnlyList<SourceRecipe> sources, int channels, int height, int width, Action<string> warn, long memoryBytes)
    {
        ArgumentOutOfRangeException.ThrowIfZero(sources.Count, nameof(sources));
        Canvas canvas = CanvasOf(channels, height, width);
        HashSet<string> said = [];
        List<LoadedSource> loaded = [];
        foreach (SourceRecipe source in sources)
        {
            loaded.Add(new(source, canvas, memoryBytes, line => { if (said.Add(line)) warn(line); }));
            memoryBytes -= loaded[^1].MemoryBytes;
        }
        return new MergedSet(canvas, [.. loaded]);
    }

    static Canvas CanvasOf(int channels, int height, int width)
    {
        if (channels is not (1 or 3))
            throw new ArgumentOutOfRangeException(nameof(channels), channels, "1 or 3");
        if (height is < 1 or > Picture.MaxSide || width is < 1 or > Picture.MaxSide || (long)height * width * channels > int.MaxValue / 2)
            throw new InputException($"image size: expected 1 to {Picture.MaxSide} pixels a side, got {height}x{width}");
        return new(channels, height, width);
    }
}
