namespace OnnxAmalgam.Training.Data;

/// <summary>Pixels in memory: the sample of channel c at (x, y) is <c>Bytes[(y * Width + x) * PixelStride + c * ChannelStride]</c>.</summary>
/// <param name="bytes">The samples.</param>
/// <param name="width">Pixels a row.</param>
/// <param name="height">Rows.</param>
/// <param name="channels">1 or 3.</param>
/// <param name="pixelStride">Distance of neighbours in a row.</param>
/// <param name="channelStride">Distance of a pixel's channels.</param>
readonly ref struct PixelView(ReadOnlySpan<byte> bytes, int width, int height, int channels, int pixelStride, int channelStride)
{
    public ReadOnlySpan<byte> Bytes { get; } = bytes;
    public int Width { get; } = width;
    public int Height { get; } = height;
    public int Channels { get; } = channels;
    public int PixelStride { get; } = pixelStride;
    public int ChannelStride { get; } = channelStride;

    /// <summary>Whether the samples lie as [c, h, w].</summary>
    public bool IsPlanar => PixelStride == 1 && (Channels == 1 || ChannelStride == Width * Height);

    public static PixelView Planar(ReadOnlySpan<byte> bytes, int channels, int height, int width) => new(bytes, width, height, channels, 1, width * height);

    public static PixelView Interleaved(ReadOnlySpan<byte> bytes, int channels, int height, int width, int pixelStride) => new(bytes, width, height, channels, pixelStride, 1);

    /// <summary>Writes the grey values of a colour image, in row order. <paramref name="grey"/> may be the start of <see cref="Bytes"/> when pixels are interleaved.</summary>
    public void WriteGrey(Span<byte> grey)
    {
        int pixels = Width * Height;
        for (int i = 0, at = 0; i < pixels; i++, at += PixelStride)
            grey[i] = Luma.Of(Bytes[at], Bytes[at + ChannelStride], Bytes[at + 2 * ChannelStride]);
    }
}
