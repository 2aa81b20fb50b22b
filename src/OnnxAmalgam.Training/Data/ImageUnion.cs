namespace OnnxAmalgam.Training.Data;

/// <summary>Several sets of one canvas, one after the other.</summary>
sealed class ImageUnion(IReadOnlyList<ImageSet> sets) : ImageSet
{
    readonly (ImageSet Set, int Index)[] places = [.. sets.SelectMany(s => Enumerable.Range(0, s.Count).Select(i => (s, i)))];

    public override int Count => places.Length;
    public override int Channels => sets[0].Channels;
    public override int Height => sets[0].Height;
    public override int Width => sets[0].Width;
    public override int SourceOf(int index) => places[index].Set.SourceOf(places[index].Index);
    public override string? LabelOf(int index) => places[index].Set.LabelOf(places[index].Index);
    public override string NameOf(int index) => places[index].Set.NameOf(places[index].Index);
    public override void Read(int index, Span<byte> canvas) => places[index].Set.Read(places[index].Index, canvas);
}
