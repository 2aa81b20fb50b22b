using OnnxAmalgam.Graphs.Metadata;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Data;

/// <summary>A model's own resize of the common canvas.</summary>
/// <remarks>
/// Antialiased bilinear and bicubic (a = -1/2) agree with Pillow to one level; without antialiasing they are OpenCV's INTER_LINEAR and INTER_CUBIC (a = -3/4), up to its rounding. Nearest
/// takes the pixel under the centre, as Pillow does.
/// </remarks>
static class CanvasResize
{
    /// <summary>X[n, c, h, w] -> [n, c, height, width]: the bytes themselves where the size is right, else float32 rounded to whole numbers in 0..255.</summary>
    public static Tensor To(Tensor image, InputDescription input)
    {
        (int height, int width) = ((int)image.shape[2], (int)image.shape[3]);
        if (height == input.Height && width == input.Width)
            return image;
        Cover cover = input.Resize == ResizeMode.Stretch ? new(input.Width, input.Height, 0, 0) : Cover.Of(width, height, input.Width, input.Height);
        Tensor resized = image;
        if (height != cover.Height || width != cover.Width)
        {
            bool antialias = input.Antialias && input.Interpolation != Interpolation.Nearest;
            resized = nn.functional.interpolate(image.to(ScalarType.Float32), size: [cover.Height, cover.Width], mode: Mode(input.Interpolation), align_corners: false, antialias: antialias).round_().clamp_(0, 255);
        }
        return resized.narrow(2, cover.Top, input.Height).narrow(3, cover.Left, input.Width);
    }

    static InterpolationMode Mode(Interpolation interpolation) => interpolation switch
    {
        Interpolation.Nearest => InterpolationMode.NearestExact,
        Interpolation.Bilinear => InterpolationMode.Bilinear,
        Interpolation.Bicubic => InterpolationMode.Bicubic,
        _ => throw new ArgumentOutOfRangeException(nameof(interpolation)),
    };
}
