using OnnxAmalgam.Tests.Shared;
using SkiaSharp;

namespace OnnxAmalgam.Cli.Tests.Running;

/// <summary>What models/ holds, made short.</summary>
internal static class Bundled
{
    public static string Recipe => Path.Combine(Repository.Root, "models", "demo", "recipe.yaml");

    public static string Teacher(string name) => Path.Combine(Repository.Root, "models", "teachers", name + ".onnx");

    /// <summary>The demo with a few hundred images: two epochs of eight steps, every term of the equation.</summary>
    public static string[] Short { get; } =
    [
        "--threads", "1",
        .. Set("data.unlabelled.0.limit=128", "data.unlabelled.1.limit=128", "data.validate.0.limit=50", "data.validate.1.limit=50",
            "data.test.0.limit=150", "data.test.1.limit=150", "train.epochs=2", "train.batch=32",
            "amalgamation={labels: gated, common_space: {channels: 8, blocks: 1}, losses: [{soft_target: {weight: 1, temperature: 1}}, {mmd: {weight: 10, bandwidths: published}}, {reconstruction: {weight: 10}}]}"),
    ];

    public static string[] Set(params string[] values) => [.. values.SelectMany(v => (string[])["--set", v])];

    /// <summary>The first test images of the digits as PNG files; the first is a 7.</summary>
    public static string[] Digits(TempFolder place, int count)
    {
        using var packed = new System.IO.Compression.GZipStream(File.OpenRead(Path.Combine(Repository.Root, "models", "demo", "data", "mnist", "t10k-images-idx3-ubyte.gz")), System.IO.Compression.CompressionMode.Decompress);
        byte[] header = new byte[16], pixels = new byte[28 * 28];
        packed.ReadExactly(header);
        return [.. Enumerable.Range(0, count).Select(i =>
        {
            packed.ReadExactly(pixels);
            return place.Write($"digits/{i}.png", Png(28, 28, pixels));
        })];
    }

    /// <summary>A grey picture.</summary>
    public static byte[] Png(int width, int height, ReadOnlySpan<byte> grey)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Gray8, SKAlphaType.Opaque));
        grey.CopyTo(bitmap.GetPixelSpan());
        using SKData data = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return data.ToArray();
    }
}
