using OnnxAmalgam.Training.Data;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Exemplars;

/// <summary>Where a patch is cut: a square of an image.</summary>
/// <param name="Image">Index of the image.</param>
/// <param name="Top">Upper row.</param>
/// <param name="Left">Left column.</param>
/// <param name="Side">Rows and columns.</param>
internal readonly record struct PatchPlace(int Image, int Top, int Left, int Side);

/// <summary>Patches of a set of images, each brought to the images' own canvas; cut when they are read, or held in memory. Reading is thread-safe.</summary>
internal sealed class PatchSet : ImageSet
{
    readonly ImageSet images;
    readonly PatchPlace[] places;
    readonly byte[][]? pixels;

    PatchSet(ImageSet images, PatchPlace[] places, byte[][]? pixels) => (this.images, this.places, this.pixels) = (images, places, pixels);

    public override int Count => places.Length;
    public override int Channels => images.Channels;
    public override int Height => images.Height;
    public override int Width => images.Width;
    public override int SourceOf(int index) => images.SourceOf(places[index].Image);
    public override string? LabelOf(int index) => null;
    public override string NameOf(int index) => $"{images.NameOf(places[index].Image)}, patch at {places[index].Left},{places[index].Top}";
    public override void Read(int index, Span<byte> canvas) => Pixels(index).CopyTo(canvas);

    /// <summary>Patches that are cut each time they are read.</summary>
    public static PatchSet Cut(ImageSet images, PatchPlace[] places) => new(images, places, null);

    /// <summary>Some of the patches, in this order.</summary>
    public PatchSet Keep(IReadOnlyList<int> indices) => new(images, [.. indices.Select(i => places[i])], null);

    /// <summary>The same patches, cut once and kept.</summary>
    public PatchSet Hold() => new(images, places, [.. Enumerable.Range(0, Count).Select(Pixels)]);

    /// <summary>Mean over the patch of the squared differences to the right and the lower neighbour, all channels: how much there is to see.</summary>
    public double Detail(int index)
    {
        var patch = Pixels(index);
        double sum = 0;
        for (var c = 0; c < Channels; c++)
            for (var y = 0; y + 1 < Height; y++)
                for (var x = 0; x + 1 < Width; x++)
                {
                    var at = (((c * Height) + y) * Width) + x;
                    double right = patch[at + 1] - patch[at], down = patch[at + Width] - patch[at];
                    sum += (right * right) + (down * down);
                }
        return sum / patch.Length;
    }

    byte[] Pixels(int index)
    {
        if (pixels is not null) return pixels[index];
        var (place, canvas) = (places[index], new byte[images.CanvasBytes]);
        images.Read(place.Image, canvas);
        using var scope = NewDisposeScope();
        var whole = tensor(canvas, images.Channels, images.Height, images.Width);
        var patch = whole.narrow(1, place.Top, place.Side).narrow(2, place.Left, place.Side);
        if (place.Side != images.Height || place.Side != images.Width)
            patch = nn.functional.interpolate(patch.unsqueeze(0).to_type(ScalarType.Float32), size: [images.Height, images.Width], mode: InterpolationMode.Bilinear, align_corners: false).round_().clamp_(0, 255).to_type(ScalarType.Byte).squeeze(0);
        return patch.contiguous().data<byte>().ToArray();
    }
}
