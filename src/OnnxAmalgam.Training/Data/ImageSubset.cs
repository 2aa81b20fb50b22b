namespace OnnxAmalgam.Training.Data;

/// <summary>Some images of a set, in a given order.</summary>
sealed class ImageSubset(ImageSet images, int[] indices) : ImageSet
{
    /// <summary>What it was selected from.</summary>
    public ImageSet Images => images;

    /// <summary>Where its images are in <see cref="Images"/>.</summary>
    public ReadOnlySpan<int> Indices => indices;

    public override int Count => indices.Length;
    public override int Channels => images.Channels;
    public override int Height => images.Height;
    public override int Width => images.Width;
    public override int SourceOf(int index) => images.SourceOf(indices[index]);
    public override string? LabelOf(int index) => images.LabelOf(indices[index]);
    public override string NameOf(int index) => images.NameOf(indices[index]);
    public override void Read(int index, Span<byte> canvas) => images.Read(indices[index], canvas);

    /// <summary>Keeps the last tenth of each source back: (what trains, what validates).</summary>
    public static (ImageSet Train, ImageSet Validate) KeepBackLastTenth(ImageSet all)
    {
        var train = new List<int>();
        var validate = new List<int>();
        foreach (var source in Enumerable.Range(0, all.Count).GroupBy(all.SourceOf))
        {
            int[] own = [.. source];
            int kept = own.Length - (own.Length / 10);
            train.AddRange(own[..kept]);
            validate.AddRange(own[kept..]);
        }

        return (all.Select(train), all.Select(validate));
    }

    /// <summary>Labels of one set that the other has none of, in ordinal order.</summary>
    public static string[] OnlyIn(ImageSet some, ImageSet others)
    {
        static HashSet<string> Labels(ImageSet set) => [.. Enumerable.Range(0, set.Count).Select(set.LabelOf).OfType<string>()];
        return [.. Labels(some).Except(Labels(others)).Order(StringComparer.Ordinal)];
    }
}
