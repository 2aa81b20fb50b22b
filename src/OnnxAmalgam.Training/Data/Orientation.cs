using SkiaSharp;

namespace OnnxAmalgam.Training.Data;

/// <summary>How stored pixels are turned for display: mirrored along their own axes, then perhaps transposed (EXIF tag 0x0112).</summary>
readonly record struct Orientation(bool MirrorX, bool MirrorY, bool Transpose)
{
    public static Orientation Of(SKEncodedOrigin origin) => origin switch
    {
        SKEncodedOrigin.TopRight => new(true, false, false),
        SKEncodedOrigin.BottomRight => new(true, true, false),
        SKEncodedOrigin.BottomLeft => new(false, true, false),
        SKEncodedOrigin.LeftTop => new(false, false, true),
        SKEncodedOrigin.RightTop => new(false, true, true),
        SKEncodedOrigin.RightBottom => new(true, true, true),
        SKEncodedOrigin.LeftBottom => new(true, false, true),
        _ => default,
    };
}

/// <summary>Where the pixel of column x and row y goes: <c>Start + x * StepX + y * StepY</c>.</summary>
readonly record struct Placement(int Start, int StepX, int StepY)
{
    /// <summary>The placement that turns a window of <paramref name="width"/> x <paramref name="height"/> stored pixels for display.</summary>
    public static Placement Of(Orientation orientation, int width, int height)
    {
        int stepX = orientation.Transpose ? height : 1;
        int stepY = orientation.Transpose ? 1 : width;
        int start = (orientation.MirrorX ? (width - 1) * stepX : 0) + (orientation.MirrorY ? (height - 1) * stepY : 0);
        return new(start, orientation.MirrorX ? -stepX : stepX, orientation.MirrorY ? -stepY : stepY);
    }
}
