using System.Buffers;

namespace OnnxAmalgam.Training.Data;

/// <summary>Brings any image to the canvas: channels, size, orientation.</summary>
static class CanvasWriter
{
    /// <summary>Shorter side to the canvas (aspect kept, antialiased bilinear), centre crop, turned for display; grey repeated, colour to grey before resizing.</summary>
    public static void Write(PixelView image, Orientation orientation, Canvas canvas, Span<byte> pixels)
    {
        if (image.Channels == 3 && canvas.Channels == 1)
        {
            byte[] grey = ArrayPool<byte>.Shared.Rent(image.Width * image.Height);
            image.WriteGrey(grey);
            WritePlanes(PixelView.Planar(grey, 1, image.Height, image.Width), orientation, canvas, pixels);
            ArrayPool<byte>.Shared.Return(grey);
            return;
        }
        WritePlanes(image, orientation, canvas, pixels);
        if (image.Channels == 1 && canvas.Channels == 3)
        {
            ReadOnlySpan<byte> plane = pixels[..canvas.PlaneBytes];
            plane.CopyTo(pixels[canvas.PlaneBytes..]);
            plane.CopyTo(pixels[(2 * canvas.PlaneBytes)..]);
        }
    }

    static void WritePlanes(PixelView image, Orientation orientation, Canvas canvas, Span<byte> pixels)
    {
        if (image.IsPlanar && orientation == default && image.Width == canvas.Width && image.Height == canvas.Height)
        {
            image.Bytes[..(image.Channels * canvas.PlaneBytes)].CopyTo(pixels);
            return;
        }
        (int width, int height) = orientation.Transpose ? (canvas.Height, canvas.Width) : (canvas.Width, canvas.Height);
        Cover cover = Cover.Of(image.Width, image.Height, width, height);
        // The centred window is rounded in displayed coordinates; a mirrored axis counts it from the other end.
        if (orientation.MirrorX)
            cover = cover with { Left = cover.Width - width - cover.Left };
        if (orientation.MirrorY)
            cover = cover with { Top = cover.Height - height - cover.Top };
        Resampler.Resize(image, cover, width, height, Placement.Of(orientation, width, height), pixels);
    }
}
