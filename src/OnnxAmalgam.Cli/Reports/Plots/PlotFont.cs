using System.Globalization;
using ScottPlot;
using SkiaSharp;

namespace OnnxAmalgam.Cli.Reports.Plots;

/// <summary>The font of all plots. The program carries it: SkiaSharp without system libraries knows none of the system's.</summary>
/// <remarks>DejaVu Sans, of which the Latin, Greek and Cyrillic letters are kept.</remarks>
internal sealed class PlotFont : IFontResolver
{
    const string Face = "DejaVu Sans";
    const int LongestName = 24;
    static readonly Lock s_gate = new();
    static readonly SKTypeface s_face = Load();

    /// <summary>Makes it the font of plots.</summary>
    public static void Use()
    {
        lock (s_gate)
        {
            if (Fonts.Default == Face)
                return;
            Fonts.FontResolvers.Add(new PlotFont());
            (Fonts.Default, Fonts.Sans) = (Face, Face);
        }
    }

    /// <summary>A name that can be drawn: itself, or its number where a letter of it is missing; no longer than fits beside a plot.</summary>
    public static string Name(string name, int number)
    {
        using var font = new SKFont(s_face);
        return !font.ContainsGlyphs(name) ? number.ToString(CultureInfo.InvariantCulture) : name.Length > LongestName ? $"{name[..(LongestName - 1)]}…" : name;
    }

    /// <summary>Width of a text in pixels.</summary>
    public static float Width(string text, float size)
    {
        using var font = new SKFont(s_face, size);
        return font.MeasureText(text);
    }

    /// <inheritdoc/>
    public SKTypeface? CreateTypeface(string fontName, FontWeight weight, FontSlant slant, FontSpacing spacing) => fontName == Face ? s_face : null;

    /// <inheritdoc/>
    public SKTypeface? CreateTypeface(string fontName, bool bold, bool italic) => fontName == Face ? s_face : null;

    static SKTypeface Load()
    {
        using Stream file = typeof(PlotFont).Assembly.GetManifestResourceStream("DejaVuSans.ttf")!;
        using var bytes = SKData.Create(file);
        return SKTypeface.FromData(bytes);
    }
}
