using System.Buffers;
using SkiaSharp;

namespace OnnxAmalgam.Training.Data;

/// <summary>Decodes one JPEG, PNG, WebP or BMP file to the canvas.</summary>
/// <remarks>
/// Colour values are taken as stored (profiles are not applied, as Pillow and torchvision do). Transparency is composited over white. EXIF orientation is applied.
/// A JPEG more than twice as large as the canvas is decoded at the smallest of libjpeg's scales whose sides are still at least twice the canvas.
/// </remarks>
static class Picture
{
    /// <summary>Largest file read.</summary>
    public const long MaxFileBytes = 256L << 20;

    /// <summary>Most pixels decoded; checked before any memory is taken.</summary>
    public const long MaxPixels = 64L << 20;

    /// <summary>Longest side decoded.</summary>
    public const int MaxSide = 32768;

    /// <summary>Reads a file. Returns null, or what is wrong with it.</summary>
    public static string? Read(string path, Canvas canvas, Span<byte> pixels) => Load(path, out byte[] file) ?? Decode(file, canvas, pixels);

    /// <summary>Reads a file at its own size, turned for display. Returns null, or what is wrong with it.</summary>
    public static string? ReadWhole(string path, int channels, out Canvas canvas, out byte[] pixels)
    {
        (canvas, pixels) = (default, []);
        if ((Load(path, out byte[] file) ?? Measure(file, channels, out canvas)) is string problem)
            return problem;
        pixels = new byte[canvas.Bytes];
        return Decode(file, canvas, pixels);
    }

    static string? Load(string path, out byte[] file)
    {
        file = [];
        try
        {
            FileInfo info = new(path);
            if (!info.Exists)
                return "there is no such file";
            if (info.Length is 0 or > MaxFileBytes)
                return $"expected 1 byte to {MaxFileBytes >> 20} MiB, got {info.Length} bytes";
            file = File.ReadAllBytes(path);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e.Message;
        }
    }

    /// <summary>Decodes a file's bytes. Returns null, or what is wrong with them.</summary>
    public static unsafe string? Decode(ReadOnlySpan<byte> file, Canvas canvas, Span<byte> pixels)
    {
        if (ImageFormat.Sniff(file) is not SKEncodedImageFormat format)
            return "expected JPEG, PNG, WebP or BMP, got other first bytes";
        if (format == SKEncodedImageFormat.Jpeg && ImageFormat.HasTooManyScans(file))
            return "more than 256 scans";
        fixed (byte* start = file)
        {
            using SKData data = SKData.Create((nint)start, file.Length);
            using SKCodec? codec = SKCodec.Create(data);
            return Refusal(codec, format) ?? Decode(codec!, canvas, pixels);
        }
    }

    static unsafe string? Measure(ReadOnlySpan<byte> file, int channels, out Canvas canvas)
    {
        canvas = default;
        if (ImageFormat.Sniff(file) is not SKEncodedImageFormat format)
            return "expected JPEG, PNG, WebP or BMP, got other first bytes";
        fixed (byte* start = file)
        {
            using SKData data = SKData.Create((nint)start, file.Length);
            using SKCodec? codec = SKCodec.Create(data);
            if (Refusal(codec, format) is string problem)
                return problem;
            SKSizeI size = codec!.Info.Size;
            canvas = Orientation.Of(codec.EncodedOrigin).Transpose ? new(channels, size.Width, size.Height) : new(channels, size.Height, size.Width);
            return null;
        }
    }

    static string? Refusal(SKCodec? codec, SKEncodedImageFormat format)
    {
        if (codec is null || codec.EncodedFormat != format)
            return $"damaged {format} header";
        SKImageInfo info = codec.Info;
        return info.Width is < 1 or > MaxSide || info.Height is < 1 or > MaxSide || (long)info.Width * info.Height > MaxPixels
            ? $"expected at most {MaxPixels >> 20} Mpx and {MaxSide} pixels a side, got {info.Width}x{info.Height}"
            : null;
    }

    static unsafe string? Decode(SKCodec codec, Canvas canvas, Span<byte> pixels)
    {
        Orientation orientation = Orientation.Of(codec.EncodedOrigin);
        SKSizeI size = DecodedSize(codec, canvas, orientation);
        bool opaque = codec.Info.AlphaType == SKAlphaType.Opaque;
        SKImageInfo wanted = new(size.Width, size.Height, SKColorType.Rgba8888, opaque ? SKAlphaType.Opaque : SKAlphaType.Unpremul);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(wanted.BytesSize);
        try
        {
            SKCodecResult result;
            fixed (byte* address = buffer)
                result = codec.GetPixels(wanted, (nint)address);
            if (result != SKCodecResult.Success)
                return $"damaged {codec.EncodedFormat} data ({result})";
            Span<byte> decoded = buffer.AsSpan(0, wanted.BytesSize);
            if (!opaque)
                CompositeOverWhite(decoded);
            PixelView image = PixelView.Interleaved(decoded, 3, size.Height, size.Width, pixelStride: 4);
            if (canvas.Channels == 1)
            {
                image.WriteGrey(decoded);
                image = PixelView.Planar(decoded, 1, size.Height, size.Width);
            }
            CanvasWriter.Write(image, orientation, canvas, pixels);
            return null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    static SKSizeI DecodedSize(SKCodec codec, Canvas canvas, Orientation orientation)
    {
        SKSizeI full = codec.Info.Size;
        if (codec.EncodedFormat != SKEncodedImageFormat.Jpeg)
            return full;
        (int width, int height) = orientation.Transpose ? (canvas.Height, canvas.Width) : (canvas.Width, canvas.Height);
        for (int eighths = 1; eighths < 8; eighths++)
        {
            SKSizeI scaled = codec.GetScaledDimensions(eighths / 8f);
            if (scaled.Width >= 2 * width && scaled.Height >= 2 * height)
                return scaled;
        }
        return full;
    }

    static void CompositeOverWhite(Span<byte> rgba)
    {
        for (int at = 0; at < rgba.Length; at += 4)
        {
            int alpha = rgba[at + 3];
            if (alpha == 255)
                continue;
            int white = 255 * (255 - alpha) + 127;
            rgba[at] = (byte)((rgba[at] * alpha + white) / 255);
            rgba[at + 1] = (byte)((rgba[at + 1] * alpha + white) / 255);
            rgba[at + 2] = (byte)((rgba[at + 2] * alpha + white) / 255);
        }
    }
}
