using System.Buffers.Binary;
using System.IO.Compression;
using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Recipes;
using SkiaSharp;

namespace OnnxAmalgam.Training.Tests.Data;

/// <summary>Tiny files of each kind.</summary>
static class Samples
{
    public static SourceRecipe Source(SourceKind kind, string path) => new() { Kind = kind, Path = path };

    public static ImageSet Open(SourceRecipe source, int channels, int height, int width, Action<string>? warn = null) =>
        ImageSet.Open([source], channels, height, width, warn ?? (line => Assert.Fail($"unexpected warning: {line}")));

    public static byte[] Canvas(ImageSet set, int index)
    {
        byte[] canvas = new byte[set.CanvasBytes];
        set.Read(index, canvas);
        return canvas;
    }

    /// <summary>Bytes that differ from place to place.</summary>
    public static byte[] Pattern(int count, int start = 0) => [.. Enumerable.Range(start, count).Select(i => (byte)(i * 37 + (i >> 3) * 91))];

    public static byte[] Idx(byte[] data, params int[] shape)
    {
        byte[] file = new byte[4 + 4 * shape.Length + data.Length];
        file[2] = 8;
        file[3] = (byte)shape.Length;
        for (int axis = 0; axis < shape.Length; axis++)
            BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(4 + 4 * axis), shape[axis]);
        data.CopyTo(file, 4 + 4 * shape.Length);
        return file;
    }

    public static byte[] Gzip(byte[] data)
    {
        using MemoryStream packed = new();
        using (GZipStream gzip = new(packed, CompressionLevel.Optimal))
            gzip.Write(data);
        return packed.ToArray();
    }

    /// <summary>An idx pair of <paramref name="count"/> 2x3 images whose pixels and labels follow from their number.</summary>
    public static byte[] WriteIdxPair(TempFolder folder, int count, int classes = 10)
    {
        byte[] pixels = Pattern(6 * count);
        folder.Write("train-images-idx3-ubyte", Idx(pixels, count, 2, 3));
        folder.Write("train-labels-idx1-ubyte", Idx([.. Enumerable.Range(0, count).Select(i => (byte)(i % classes))], count));
        return pixels;
    }

    public static byte[] Encode(SKEncodedImageFormat format, int width, int height, Func<int, int, SKColor> colour, int quality = 100)
    {
        using SKBitmap bitmap = new(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul));
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
                bitmap.SetPixel(x, y, colour(x, y));
        }
        using SKData data = bitmap.Encode(format, quality);
        return data.ToArray();
    }

    public static byte[] Plain(SKColor colour, SKEncodedImageFormat format = SKEncodedImageFormat.Png, int width = 4, int height = 4) =>
        Encode(format, width, height, (_, _) => colour);

    /// <summary>A JPEG with an EXIF block that holds nothing but an orientation.</summary>
    public static byte[] WithOrientation(byte[] jpeg, int orientation)
    {
        byte[] exif =
        [
            0xFF, 0xE1, 0, 34, (byte)'E', (byte)'x', (byte)'i', (byte)'f', 0, 0,
            (byte)'M', (byte)'M', 0, 42, 0, 0, 0, 8, 0, 1,
            0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, (byte)orientation, 0, 0, 0, 0, 0, 0,
        ];
        return [.. jpeg[..2], .. exif, .. jpeg[2..]];
    }
}
