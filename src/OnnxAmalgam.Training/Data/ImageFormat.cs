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
    /// <remarks>A scan's header is FF DA 00, its length 6 + 2 n, n = 1 to 4 components: what looks like it in a film behind the picture is one in 2^38 places.</remarks>
    public static bool HasTooManyScans(ReadOnlySpan<byte> jpeg)
    {
        int scans = 0;
        for (int at; (at = jpeg.IndexOf((ReadOnlySpan<byte>)[0xFF, 0xDA, 0x00])) >= 0; jpeg = jpeg[(at + 3)..])
        {
            if (jpeg.Length > at + 4 && jpeg[at + 3] is 8 or 10 or 12 or 14 && jpeg[at + 4] == (jpeg[at + 3] - 6) / 2 && ++scans > MaxScans)
                return true;
        }

        return false;
    }
}
