using OnnxAmalgam.Training.Data;

namespace OnnxAmalgam.Training.Exemplars;

/// <summary>All transformed patches: image i is transformation i mod K of patch i / K, made when it is read. Reading is thread-safe.</summary>
internal sealed class SurrogateImages(PatchSet seeds, int samples, long seed) : ImageSet
{
    readonly ColourComponents colours = ColourComponents.Of(seeds);
    readonly Canvas canvas = new(seeds.Channels, seeds.Height, seeds.Width);

    public override int Count => checked(seeds.Count * samples);
    public override int Channels => seeds.Channels;
    public override int Height => seeds.Height;
    public override int Width => seeds.Width;
    public override int SourceOf(int index) => seeds.SourceOf(ClassOf(index));
    public override string? LabelOf(int index) => null;
    public override string NameOf(int index) => $"{seeds.NameOf(ClassOf(index))}, sample {index % samples}";

    /// <summary>The patch that it was made of.</summary>
    public int ClassOf(int index) => index / samples;

    public override void Read(int index, Span<byte> canvas)
    {
        var patch = new byte[seeds.CanvasBytes];
        seeds.Read(ClassOf(index), patch);
        PublishedFamily.Draw(seed, ClassOf(index), index % samples).Apply(patch, canvas, this.canvas, colours);
    }
}
