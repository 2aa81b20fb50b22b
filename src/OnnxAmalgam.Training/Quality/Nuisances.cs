using OnnxAmalgam.Training.Data;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Quality;

/// <summary>Pictures moved and blurred by known amounts, and what can be said of each without knowing what it shows. Owns its tensors.</summary>
/// <remarks>
/// A picture is moved by whole pixels, up to an eighth of the side each way and mirrored at the border, and blurred by a Gaussian of up to a
/// thirty-second of the shorter side. Both are drawn from (seed, image) alone and so say nothing of what the picture shows; brightness and colour
/// are the picture's own and may.
/// </remarks>
internal sealed class Nuisances : IDisposable
{
    static readonly ulong Stream = Randomness.StreamOf("diagnose/nuisance");
    readonly ImageSet images;
    readonly long seed;

    /// <summary>Measures every image once.</summary>
    public Nuisances(ImageSet images, long seed)
    {
        (this.images, this.seed) = (images, seed);
        var (brightness, colour, offset, blur) = (new double[images.Count], new double[images.Count, 2], new double[images.Count, 2], new double[images.Count]);
        byte[] canvas = new byte[images.CanvasBytes], scratch = new byte[images.CanvasBytes];
        for (int i = 0; i < images.Count; i++)
        {
            images.Read(i, canvas);
            Disturb(canvas, scratch, i);
            double[] means = [.. canvas.Chunk(images.Height * images.Width).Select(plane => plane.Average(v => (double)v))];
            brightness[i] = means.Length == 1 ? means[0] : ((Luma.Red * means[0]) + (Luma.Green * means[1]) + (Luma.Blue * means[2])) / (1 << Luma.Shift);
            (colour[i, 0], colour[i, 1]) = (means[0] - means[means.Length / 2], means[^1] - means[means.Length / 2]);
            ((offset[i, 0], offset[i, 1]), blur[i]) = DrawOf(i);
        }

        (Brightness, Colour, Offset, Blur) = (Kept(tensor(brightness).unsqueeze(1)), Kept(tensor(colour)), Kept(tensor(offset)), Kept(tensor(blur).unsqueeze(1)));
    }

    /// <summary>Mean luma, B[n, 1].</summary>
    public Tensor Brightness { get; }

    /// <summary>Mean red and mean blue, less mean green: C[n, 2]; zero for grey pictures.</summary>
    public Tensor Colour { get; }

    /// <summary>Pixels to the right and down, O[n, 2].</summary>
    public Tensor Offset { get; }

    /// <summary>The Gaussian's deviation in pixels, S[n, 1].</summary>
    public Tensor Blur { get; }

    /// <summary>Moves and blurs X[c, h, w] in place by what is drawn for the image.</summary>
    public void Disturb(Span<byte> canvas, Span<byte> scratch, int index)
    {
        var ((right, down), deviation) = DrawOf(index);
        var size = new Canvas(images.Channels, images.Height, images.Width);
        canvas.CopyTo(scratch);
        for (int i = 0; i < size.Bytes; i++)
        {
            int plane = i / size.PlaneBytes, row = Mirror.Index((i / size.Width % size.Height) - down, size.Height), column = Mirror.Index((i % size.Width) - right, size.Width);
            canvas[i] = scratch[(plane * size.PlaneBytes) + (row * size.Width) + column];
        }

        GaussianBlur.Apply(canvas, size, deviation);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor tensor in (Tensor[])[Brightness, Colour, Offset, Blur])
        {
            tensor.Dispose();
        }
    }

    ((int Right, int Down) Offset, double Deviation) DrawOf(int index)
    {
        ulong Draw(int value) => Randomness.Draw(seed, Stream, index, value);
        int Pixels(int value, int side) => Randomness.ToInt(Draw(value), (2 * Math.Max(1, side / 8)) + 1) - Math.Max(1, side / 8);
        return ((Pixels(0, images.Width), Pixels(1, images.Height)), Randomness.ToUnit(Draw(2)) * Math.Min(images.Width, images.Height) / 32);
    }

    static Tensor Kept(Tensor tensor) => tensor.DetachFromDisposeScope();
}
