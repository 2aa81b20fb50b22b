using SkiaSharp;

namespace OnnxAmalgam.Benchmarks;

/// <summary>Images made up on the spot: speed does not depend on what is in the picture, but for JPEG, which gets shapes.</summary>
static class RandomImages
{
    const int Batches = 5, Bytes = 3072;

    /// <summary>Writes CIFAR-10's train batches in its binary layout, and the names.</summary>
    public static void WriteCifar10(string folder, int count)
    {
        var random = new Random(1);
        byte[] image = new byte[Bytes];
        for (int i = 0; i < Batches; i++)
        {
            using FileStream file = File.Create(Path.Combine(folder, $"data_batch_{i + 1}.bin"));
            for (int n = 0; n < (count + Batches - 1) / Batches; n++)
            {
                random.NextBytes(image);
                file.WriteByte((byte)(n % 10));
                file.Write(image);
            }
        }

        File.WriteAllLines(Path.Combine(folder, "batches.meta.txt"), ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]);
    }

    /// <summary>Writes train images in MNIST's layout.</summary>
    public static void WriteIdx(string folder, int count)
    {
        byte[] pixels = new byte[count * 28 * 28];
        new Random(1).NextBytes(pixels);
        File.WriteAllBytes(Path.Combine(folder, "train-images-idx3-ubyte"), [.. Header(2051, count, 28, 28), .. pixels]);
        File.WriteAllBytes(Path.Combine(folder, "train-labels-idx1-ubyte"), [.. Header(2049, count), .. Enumerable.Range(0, count).Select(i => (byte)(i % 10))]);
    }

    /// <summary>Writes JPEG files.</summary>
    public static void WriteJpegs(string folder, int count)
    {
        for (int i = 0; i < count; i++)
        {
            File.WriteAllBytes(Path.Combine(folder, $"{i:0000}.jpg"), Jpeg(320, 256, i));
        }
    }

    /// <summary>Coloured discs on a colour, quality 90.</summary>
    public static byte[] Jpeg(int width, int height, int seed)
    {
        var random = new Random(seed);
        using var bitmap = new SKBitmap(width, height);
        using var canvas = new SKCanvas(bitmap);
        SKColor Colour() => new((byte)random.Next(256), (byte)random.Next(256), (byte)random.Next(256));
        canvas.Clear(Colour());
        for (int i = 0; i < 60; i++)
        {
            using var paint = new SKPaint { Color = Colour(), IsAntialias = true };
            canvas.DrawCircle(random.Next(width), random.Next(height), random.Next(4, 40), paint);
        }

        using SKData data = bitmap.Encode(SKEncodedImageFormat.Jpeg, 90);
        return data.ToArray();
    }

    static byte[] Header(params int[] numbers) => [.. numbers.SelectMany(n => BitConverter.GetBytes(System.Net.IPAddress.HostToNetworkOrder(n)))];
}
