using SkiaSharp;

namespace OnnxAmalgam.Training.Data;

/// <summary>Recognises the four formats that are read by their first bytes; a file's extension decides nothing.</summary>
static class ImageFormat
{
    const int MaxScans = 256;

    /// <summary>The format, or null for anything else.</summary>
    public static SKEncodedImageFormat? Sniff(ReadOnlySpan<byte> file)
    {
        if (file.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]))
            return SKEncodedImageFormat.Jpeg;
        if (file.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A]))
            return SKEncodedImageFormat.Png;
        if (file.Length >= 12 && file.StartsWith("RIFF"u8) && file[8..12].SequenceEqual("WEBP"u8))
            return SKEncodedImageFormat.Webp;
        return file.StartsWith("BM"u8) ? SKEncodedImageFormat.Bmp : null;
    }

    /// <summary>Whether a JPEG has more scans than any honest encoder writes: each costs a pass over the whole picture.</summary>
    public static bool HasTooManyScans(ReadOnlySpan<byte> jpeg) => jpeg.Count((ReadOnlySpan<byte>)[0xFF, 0xDA]) > MaxScans;
}
