namespace OnnxAmalgam.Training.Data;

/// <summary>Some images of a set, in the given order.</summary>
sealed class ImageSubset(ImageSet all, IReadOnlyList<int> indices) : ImageSet
{
    public override int Count => indices.Count;
    public override int Channels => all.Channels;
    public override int Height => all.Height;
    public override int Width => all.Width;
    public override int SourceOf(int index) => all.SourceOf(indices[index]);
    public override string? LabelOf(int index) => all.LabelOf(indices[index]);
    public override string NameOf(int index) => all.NameOf(indices[index]);
    public override void Read(int index, Span<byte> canvas) => all.Read(indices[index], canvas);

    /// <summary>Keeps the last tenth of each source back: (what trains, what validates).</summary>
    public static (ImageSet Train, ImageSet Validate) KeepBackLastTenth(ImageSet all)
    {
        var train = new List<int>();
        var validate = new List<int>();
        foreach (var source in Enumerable.Range(0, all.Count).GroupBy(all.SourceOf))
        {
            int[] images = [.. source];
            int kept = images.Length - (images.Length / 10);
            train.AddRange(images[..kept]);
            validate.AddRange(images[kept..]);
        }

        return (new ImageSubset(all, train), new ImageSubset(all, validate));
    }
}
