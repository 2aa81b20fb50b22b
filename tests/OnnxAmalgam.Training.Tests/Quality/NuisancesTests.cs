using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Quality;

namespace OnnxAmalgam.Training.Tests.Quality;

public sealed class NuisancesTests
{
    static readonly Canvas Size = new(3, 32, 32);

    [Fact]
    public void A_picture_is_moved_and_blurred_by_what_is_said_of_it()
    {
        var images = new Pictures(Size, 200);
        using var nuisances = new Nuisances(images, seed: 1);
        double[] offsets = nuisances.Offset.Values(), blurs = nuisances.Blur.Values();
        Assert.Equal((-4, 4), (offsets.Min(), offsets.Max()));
        Assert.InRange(blurs.Min(), 0, 0.05);
        Assert.InRange(blurs.Max(), 0.95, 1);

        for (int image = 0; image < 20; image++)
        {
            byte[] canvas = images.Pixels(image), moved = new byte[canvas.Length];
            int right = (int)offsets[2 * image], down = (int)offsets[2 * image + 1];
            for (int i = 0; i < canvas.Length; i++)
                moved[i] = canvas[i / 1024 * 1024 + Mirror.Index(i / 32 % 32 - down, 32) * 32 + Mirror.Index(i % 32 - right, 32)];
            GaussianBlur.Apply(moved, Size, blurs[image]);
            byte[] disturbed = [.. canvas];
            nuisances.Disturb(disturbed, new byte[canvas.Length], image);
            Assert.Equal(moved, disturbed);

            double[] means = [.. disturbed.Chunk(1024).Select(plane => plane.Average(v => (double)v))];
            Assert.Equal(0.299 * means[0] + 0.587 * means[1] + 0.114 * means[2], nuisances.Brightness[image, 0].item<double>(), 0.01);
            Assert.Equal([means[0] - means[1], means[2] - means[1]], nuisances.Colour[image].Values());
        }
    }

    [Fact]
    public void Grey_pictures_have_no_colour_on_either_canvas()
    {
        foreach (int channels in (int[])[1, 3])
        {
            using var nuisances = new Nuisances(new Pictures(Size with { Channels = channels }, 5, isGrey: true), seed: 1);
            Assert.All(nuisances.Colour.Values(), v => Assert.Equal(0, v));
            Assert.True(nuisances.Brightness.std().item<double>() > 0);
        }
    }

    [Fact]
    public void A_blur_is_a_normalised_Gaussian_mirrored_at_the_border()
    {
        byte[] flat = [.. Enumerable.Repeat((byte)77, 75)];
        GaussianBlur.Apply(flat, new(3, 5, 5), 1.5);
        Assert.All(flat, v => Assert.Equal(77, v));

        // one bright pixel in the middle of a line: 255 g(d) / sum g, g = exp(-d^2 / 2)
        byte[] line = new byte[9];
        line[4] = 255;
        GaussianBlur.Apply(line, new(1, 1, 9), 1);
        Assert.Equal([0, 1, 14, 62, 102, 62, 14, 1, 0], line.Select(v => (int)v));
        byte[] column = new byte[9];
        column[4] = 255;
        GaussianBlur.Apply(column, new(1, 9, 1), 1);
        Assert.Equal(line, column);
        byte[] same = [1, 200, 3];
        GaussianBlur.Apply(same, new(1, 1, 3), 0);
        Assert.Equal([1, 200, 3], same);
    }

    /// <summary>Noise, a picture a number.</summary>
    sealed class Pictures(Canvas size, int count, bool isGrey = false) : ImageSet
    {
        public override int Count => count;
        public override int Channels => size.Channels;
        public override int Height => size.Height;
        public override int Width => size.Width;
        public override int SourceOf(int index) => 0;
        public override string? LabelOf(int index) => null;
        public override string NameOf(int index) => $"picture {index}";
        public override void Read(int index, Span<byte> canvas) => Pixels(index).CopyTo(canvas);
        public byte[] Pixels(int index) => [.. Enumerable.Range(0, size.Bytes).Select(i => (byte)Randomness.Draw(7, "picture", index, isGrey ? i % size.PlaneBytes : i))];
    }
}
