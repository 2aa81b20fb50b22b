using System.Globalization;
using System.Xml.Linq;
using static OnnxAmalgam.Cli.Reports.Pages.Html;

namespace OnnxAmalgam.Cli.Reports.Pages;

/// <summary>A line of a <see cref="CurveChart"/>.</summary>
/// <param name="Name">Said in the key.</param>
/// <param name="Points">(epoch, value), in order.</param>
internal sealed record Curve(string Name, IReadOnlyList<(double X, double Y)> Points);

/// <summary>Values over epochs, on one axis, with a key below.</summary>
internal static class CurveChart
{
    const double LeastSpan = 1e-6;

    /// <summary>The chart; nothing where no curve has two points.</summary>
    public static XElement? Of(string name, IReadOnlyList<Curve> curves)
    {
        Curve[] drawn = [.. curves.Where(c => c.Points.Count > 1)];
        if (drawn.Length == 0)
            return null;
        var all = drawn.SelectMany(c => c.Points).ToArray();
        Axis x = new(all.Min(p => p.X), all.Max(p => p.X)), y = Axis.Around(all.Select(p => p.Y), LeastSpan);
        return Html.Of("figure",
            Draw("svg", Has("class", "plane"), Has("viewBox", "0 0 1000 300"), Has("width", "100%"), Has("role", "img"), Has("aria-label", $"{name} over epochs"),
                y.Marks.Select(m => new[]
                {
                    Draw("line", Has("class", "grid"), Has("x1", "0"), Has("x2", "1000"), Has("y1", Y(y, m)), Has("y2", Y(y, m))),
                    Draw("text", Has("x", "0"), Has("y", Y(y, m)), Has("dy", "-4"), y.Text(m)),
                }).ToArray<object>(),
                x.Marks.Where(m => m == Math.Floor(m)).Select(m => Draw("text", Has("x", X(x, m)), Has("y", "296"), Has("text-anchor", "middle"), m.ToString("0", CultureInfo.InvariantCulture))).ToArray<object>(),
                Draw("text", Has("x", "0"), Has("y", "296"), "epoch"),
                drawn.Select((c, i) => Draw("polyline", Has("class", $"curve {Hue(i)}"), Has("points", string.Join(' ', c.Points.Select(p => $"{X(x, p.X)},{Y(y, p.Y)}"))))).ToArray<object>()),
            Key([.. drawn.Select(c => c.Name)]));
    }

    /// <summary>Which colour stands for what.</summary>
    public static XElement Key(IReadOnlyList<string> names) => Html.Of("p", Has("class", "note key"), names.Select((name, i) => Html.Of("span", Has("class", Hue(i)), name)).ToArray());

    /// <summary>The class of the i-th colour; there are six.</summary>
    public static string Hue(int index) => string.Create(CultureInfo.InvariantCulture, $"t{index % 6}");

    static string X(Axis axis, double value) => Text(60 + (920 * axis.Place(value)));

    static string Y(Axis axis, double value) => Text(270 - (255 * axis.Place(value)));

    static string Text(double place) => place.ToString("0.#", CultureInfo.InvariantCulture);
}
