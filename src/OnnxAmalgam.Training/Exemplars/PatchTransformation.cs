using OnnxAmalgam.Training.Data;

namespace OnnxAmalgam.Training.Exemplars;

/// <summary>One change of a patch: moved, scaled, turned, its colours stretched and shifted. All values together make a transformation of Exemplar-CNN.</summary>
/// <remarks>
/// Dosovitskiy et al., <i>Discriminative Unsupervised Feature Learning with Exemplar Convolutional Neural Networks</i>, TPAMI 2016
/// (arXiv 1406.6909), section 3.1, in this order: translation, scale and rotation at once; contrast by principal components of all patches'
/// colours; saturation and value each to a power, times a factor, plus an offset; hue plus an offset.
/// Known differences: there patches are cut from larger images, here what lies outside a patch is its mirror image; the components are of
/// centred colours; grey patches, with one channel or three equal ones, have one component, and of the rest value alone: a grey has no hue to be tinted with.
/// </remarks>
internal sealed record PatchTransformation
{
    /// <summary>To the right, as a share of the patch's width.</summary>
    public double Right { get; init; }
    /// <summary>Down, as a share of its height.</summary>
    public double Down { get; init; }
    /// <summary>Above 1: what is in it becomes larger.</summary>
    public double Scale { get; init; } = 1;
    /// <summary>In degrees.</summary>
    public double Angle { get; init; }
    /// <summary>Factor of each component of the colours, the strongest first.</summary>
    public (double First, double Second, double Third) Components { get; init; } = (1, 1, 1);
    /// <summary>s becomes s^Power * Factor + Offset, s = 0..1.</summary>
    public ToneCurve Saturation { get; init; } = ToneCurve.None;
    /// <summary>The same for the value, the largest of the colours.</summary>
    public ToneCurve Value { get; init; } = ToneCurve.None;
    /// <summary>Added to the hue, whose circle is 0..1.</summary>
    public double Hue { get; init; }

    bool MovesPixels => (Right, Down, Scale, Angle) != (0, 0, 1, 0);

    /// <summary>The patch changed: bytes [c, h, w].</summary>
    /// <param name="source">The patch.</param>
    /// <param name="target">Where to; not the same memory.</param>
    /// <param name="size">Channels, height, width.</param>
    /// <param name="colours">The components.</param>
    public void Apply(ReadOnlySpan<byte> source, Span<byte> target, Canvas size, ColourComponents colours)
    {
        var plane = size.PlaneBytes;
        if (size.Channels == 3 && IsGrey(source, plane))
        {
            Apply(source[..plane], target[..plane], new Canvas(1, size.Height, size.Width), colours.Grey);
            target[..plane].CopyTo(target[plane..]);
            target[..plane].CopyTo(target[(2 * plane)..]);
            return;
        }
        Span<double> pixel = stackalloc double[3];
        var turn = Angle * Math.PI / 180;
        var (cosine, sine) = (Math.Cos(turn) / Scale, Math.Sin(turn) / Scale);
        var (middleX, middleY) = ((size.Width - 1) / 2.0, (size.Height - 1) / 2.0);
        for (var y = 0; y < size.Height; y++)
        {
            for (var x = 0; x < size.Width; x++)
            {
                var at = (y * size.Width) + x;
                if (MovesPixels)
                {
                    var (dx, dy) = (x - middleX - (Right * size.Width), y - middleY - (Down * size.Height));
                    Sample(source, size, middleX + (cosine * dx) + (sine * dy), middleY - (sine * dx) + (cosine * dy), pixel);
                }
                else
                {
                    for (var c = 0; c < size.Channels; c++) pixel[c] = source[(c * plane) + at];
                }
                Recolour(pixel[..size.Channels], colours);
                for (var c = 0; c < size.Channels; c++) target[(c * plane) + at] = (byte)Math.Clamp(Math.Round(pixel[c]), 0, 255);
            }
        }
    }

    static bool IsGrey(ReadOnlySpan<byte> patch, int plane) =>
        patch[..plane].SequenceEqual(patch.Slice(plane, plane)) && patch[..plane].SequenceEqual(patch.Slice(2 * plane, plane));

    void Recolour(Span<double> pixel, ColourComponents colours)
    {
        if (Components != (1, 1, 1)) colours.Stretch(pixel, Components);
        if (Saturation == ToneCurve.None && Value == ToneCurve.None && Hue == 0) return;
        for (var c = 0; c < pixel.Length; c++) pixel[c] = Math.Clamp(pixel[c] / 255, 0, 1);
        if (pixel.Length == 1)
        {
            pixel[0] = Value.Of(pixel[0]) * 255;
            return;
        }
        var (hue, saturation, value) = HueOf(pixel);
        ToPixel(hue + Hue, Saturation.Of(saturation), Value.Of(value), pixel);
    }

    /// <summary>Bilinear, mirrored at the border without repeating it.</summary>
    static void Sample(ReadOnlySpan<byte> source, Canvas size, double x, double y, Span<double> pixel)
    {
        var (left, top) = ((int)Math.Floor(x), (int)Math.Floor(y));
        var (right, down) = (x - left, y - top);
        var (x0, x1) = (Mirror.Index(left, size.Width), Mirror.Index(left + 1, size.Width));
        var (y0, y1) = (Mirror.Index(top, size.Height) * size.Width, Mirror.Index(top + 1, size.Height) * size.Width);
        for (var c = 0; c < size.Channels; c++)
        {
            var from = source[(c * size.PlaneBytes)..];
            pixel[c] = (((from[y0 + x0] * (1 - right)) + (from[y0 + x1] * right)) * (1 - down)) + (((from[y1 + x0] * (1 - right)) + (from[y1 + x1] * right)) * down);
        }
    }

    static (double Hue, double Saturation, double Value) HueOf(ReadOnlySpan<double> rgb)
    {
        var (red, green, blue) = (rgb[0], rgb[1], rgb[2]);
        var value = Math.Max(red, Math.Max(green, blue));
        var range = value - Math.Min(red, Math.Min(green, blue));
        if (range == 0) return (0, 0, value);
        var sector = value == red ? (green - blue) / range : value == green ? 2 + ((blue - red) / range) : 4 + ((red - green) / range);
        return (sector / 6, range / value, value);
    }

    static void ToPixel(double hue, double saturation, double value, Span<double> rgb)
    {
        var sector = (hue - Math.Floor(hue)) * 6;
        for (var c = 0; c < 3; c++)
        {
            // distance on the circle of six sectors from this colour's own
            var away = Math.Abs(((sector - (2 * c) + 9) % 6) - 3);
            rgb[c] = 255 * value * (1 - (saturation * Math.Clamp(away - 1, 0, 1)));
        }
    }
}

/// <summary>x = 0..1 becomes x^Power * Factor + Offset, kept within 0..1.</summary>
/// <param name="Power">Exponent.</param>
/// <param name="Factor">Factor.</param>
/// <param name="Offset">Summand.</param>
internal readonly record struct ToneCurve(double Power, double Factor, double Offset)
{
    /// <summary>No change.</summary>
    public static ToneCurve None { get; } = new(1, 1, 0);

    public double Of(double x) => Math.Clamp((Math.Pow(x, Power) * Factor) + Offset, 0, 1);
}
