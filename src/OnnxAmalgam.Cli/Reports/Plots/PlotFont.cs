using ScottPlot;
using SkiaSharp;

namespace OnnxAmalgam.Cli.Reports.Plots;

/// <summary>The font of all plots. The program carries it: SkiaSharp without system libraries knows none of the system's.</summary>
/// <remarks>DejaVu Sans, of which the Latin, Greek and Cyrillic letters are kept.</remarks>
internal sealed class PlotFont : IFontResolver
{
    const string Name = "DejaVu Sans";
    static readonly SKTypeface s_face = Load();

    /// <summary>Makes it the font of plots.</summary>
    public static void Use()
    {
        if (Fonts.Default == Name)
            return;
        Fonts.FontResolvers.Add(new PlotFont());
        (Fonts.Default, Fonts.Sans) = (Name, Name);
    }

    /// <summary>Whether every letter of a text can be drawn.</summary>
    public static bool Draws(string text)
    {
        using var font = new SKFont(s_face);
        return font.ContainsGlyphs(text);
    }

    /// <summary>Width of a text in pixels.</summary>
    public static float Width(string text, float size)
    {
        using var font = new SKFont(s_face, size);
        return font.MeasureText(text);
    }

    /// <inheritdoc/>
    public SKTypeface? CreateTypeface(string fontName, FontWeight weight, FontSlant slant, FontSpacing spacing) => fontName == Name ? s_face : null;

    /// <inheritdoc/>
    public SKTypeface? CreateTypeface(string fontName, bool bold, bool italic) => fontName == Name ? s_face : null;

    static SKTypeface Load()
    {
        using Stream file = typeof(PlotFont).Assembly.GetManifestResourceStream("DejaVuSans.ttf")!;
        using var bytes = SKData.Create(file);
        return SKTypeface.FromData(bytes);
    }
}
