namespace OnnxAmalgam.Training.Data;

/// <summary>Several sources as one set, in order.</summary>
sealed class MergedSet : ImageSet
{
    readonly Canvas canvas;
    readonly LoadedSource[] sources;
    readonly int[] ends;

    public MergedSet(Canvas canvas, LoadedSource[] sources)
    {
        this.canvas = canvas;
        this.sources = sources;
        ends = new int[sources.Length];
        int end = 0;
        for (int i = 0; i < sources.Length; i++)
            ends[i] = end = checked(end + sources[i].Count);
    }

    public override int Count => ends[^1];
    public override int Channels => canvas.Channels;
    public override int Height => canvas.Height;
    public override int Width => canvas.Width;

    public override int SourceOf(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        int at = Array.BinarySearch(ends, index + 1);
        return at >= 0 ? at : ~at;
    }

    public override string? LabelOf(int index)
    {
        (LoadedSource source, int record) = Find(index);
        return source.LabelOf(record);
    }

    public override string NameOf(int index)
    {
        (LoadedSource source, int record) = Find(index);
        return source.NameOf(record);
    }

    public override void Read(int index, Span<byte> canvas)
    {
        (LoadedSource source, int record) = Find(index);
        source.Read(record, canvas);
    }

    (LoadedSource Source, int Record) Find(int index)
    {
        int at = SourceOf(index);
        return (sources[at], index - (ends[at] - sources[at].Count));
    }
}
