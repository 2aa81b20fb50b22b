using OnnxAmalgam.Training.Data;

namespace OnnxAmalgam.Training.Tests.Data;

public sealed class ResamplerTests
{
    /// <summary>Pillow 9.4: <c>image.resize((6, 4), BILINEAR)</c> of <see cref="Source"/>.</summary>
    internal static readonly byte[] Shrunk =
    [
        73, 131, 127, 148, 105, 85,
        145, 146, 148, 130, 149, 113,
        116, 130, 141, 131, 130, 150,
        104, 113, 165, 130, 149, 134,
    ];

    /// <summary>Pillow 9.4: <c>image.resize((15, 10), BILINEAR)</c>.</summary>
    internal static readonly byte[] Grown =
    [
        0, 22, 49, 76, 104, 131, 158, 185, 212, 120, 10, 38, 65, 92, 114,
        50, 76, 109, 141, 174, 131, 98, 130, 163, 141, 112, 145, 83, 68, 95,
        114, 146, 164, 160, 199, 136, 85, 124, 116, 138, 177, 217, 128, 77, 70,
        177, 215, 180, 63, 108, 148, 188, 233, 100, 81, 128, 173, 210, 154, 46,
        75, 118, 140, 133, 185, 149, 123, 176, 163, 113, 77, 130, 182, 132, 21,
        49, 97, 126, 126, 185, 155, 112, 106, 165, 147, 99, 92, 145, 138, 86,
        113, 158, 138, 42, 107, 166, 161, 49, 105, 168, 185, 72, 113, 175, 228,
        176, 121, 95, 125, 197, 167, 132, 158, 90, 111, 170, 196, 136, 145, 204,
        125, 105, 89, 92, 171, 175, 157, 152, 128, 116, 133, 212, 121, 115, 179,
        34, 103, 102, 16, 100, 184, 200, 97, 181, 146, 94, 178, 92, 91, 160,
    ];

    /// <summary>A grey image of 7 rows and 11 columns.</summary>
    internal static readonly byte[] Source = [.. Enumerable.Range(0, 77).Select(i => (byte)(i % 11 * 37 + i / 11 * 91 + i % 11 * (i / 11) * 13))];

    [Fact]
    public void Shrinking_gives_Pillows_bytes() => Assert.Equal(Shrunk, Resized(new(6, 4, 0, 0), 6, 4));

    [Fact]
    public void Growing_gives_Pillows_bytes() => Assert.Equal(Grown, Resized(new(15, 10, 0, 0), 15, 10));

    [Fact]
    public void The_same_size_changes_nothing() => Assert.Equal(Source, Resized(new(11, 7, 0, 0), 11, 7));

    [Fact]
    public void A_window_is_the_crop_of_the_whole()
    {
        byte[] window = Resized(new(15, 10, 4, 3), 5, 2);
        Assert.Equal([.. Grown.AsSpan(3 * 15 + 4, 5), .. Grown.AsSpan(4 * 15 + 4, 5)], window);
    }

    [Fact]
    public void Interleaved_channels_become_planes()
    {
        byte[] interleaved = [.. Source.SelectMany(s => new byte[] { s, (byte)(255 - s), 9, 0 })];
        byte[] target = new byte[3 * 24];
        Resampler.Resize(PixelView.Interleaved(interleaved, 3, 7, 11, pixelStride: 4), new(6, 4, 0, 0), 6, 4, new(0, 1, 6), target);
        Assert.Equal(Shrunk, target[..24]);
        Assert.All(target[24..48].Zip(Shrunk), p => Assert.InRange(p.First + p.Second, 254, 256));
        Assert.All(target[48..], v => Assert.Equal(9, v));
    }

    [Fact]
    public void White_stays_white_at_the_strongest_shrinking()
    {
        byte[] white = [.. Enumerable.Repeat((byte)255, 32768)];
        byte[] target = new byte[1];
        Resampler.Resize(PixelView.Planar(white, 1, 1, 32768), new(1, 1, 0, 0), 1, 1, new(0, 1, 1), target);
        Assert.Equal(255, target[0]);
    }

    [Theory]
    [InlineData(90, 50, 70, 31)]
    [InlineData(50, 31, 90, 70)]
    [InlineData(300, 7, 40, 7)]
    public void Wide_images_agree_with_the_formula_in_double(int width, int height, int newWidth, int newHeight)
    {
        byte[] image = Samples.Pattern(width * height * 4);
        byte[] target = new byte[3 * newWidth * newHeight];
        Resampler.Resize(PixelView.Interleaved(image, 3, height, width, pixelStride: 4), new(newWidth, newHeight, 0, 0), newWidth, newHeight, new(0, 1, newWidth), target);
        for (int i = 0; i < target.Length; i++)
        {
            (int channel, int y, int x) = (i / (newWidth * newHeight), i / newWidth % newHeight, i % newWidth);
            (double weight, double total) = (0, 0);
            for (int row = 0; row < height; row++)
            {
                double vertical = Triangle(row, y, height, newHeight);
                for (int column = 0; vertical > 0 && column < width; column++)
                {
                    double share = vertical * Triangle(column, x, width, newWidth);
                    weight += share;
                    total += share * image[(row * width + column) * 4 + channel];
                }
            }
            Assert.InRange(target[i] - total / weight, -1.01, 1.01);
        }

        static double Triangle(int input, int output, int inputSize, int outputSize)
        {
            double scale = (double)inputSize / outputSize;
            return Math.Max(0, 1 - Math.Abs(input + 0.5 - (output + 0.5) * scale) / Math.Max(scale, 1));
        }
    }

    static byte[] Resized(Cover cover, int width, int height)
    {
        byte[] target = new byte[width * height];
        Resampler.Resize(PixelView.Planar(Source, 1, 7, 11), cover, width, height, new(0, 1, width), target);
        return target;
    }
}
