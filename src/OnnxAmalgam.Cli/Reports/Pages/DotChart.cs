using System.Xml.Linq;
using static OnnxAmalgam.Cli.Reports.Pages.Html;

namespace OnnxAmalgam.Cli.Reports.Pages;

/// <summary>A line of a <see cref="DotChart"/>.</summary>
/// <param name="Name">Said beside it.</param>
/// <param name="IsBaseline">Drawn otherwise.</param>
/// <param name="Value">The large dot.</param>
/// <param name="Low">Begin of the bar; null: none.</param>
/// <param name="High">Its end.</param>
/// <param name="Single">Small strokes, one a seed.</param>
internal sealed record DotLine(string Name, bool IsBaseline, double Value, double? Low, double? High, IReadOnlyList<double> Single);

/// <summary>Values with their intervals, one under the other on one axis.</summary>
internal static class DotChart
{
    const double LeastSpan = 0.01;

    /// <summary>The chart; lines from top to bottom.</summary>
    public static XElement Of(IReadOnlyList<DotLine> lines)
    {
        double[] values = [.. lines.SelectMany(l => l.Single.Append(l.Value))];
        double span = Math.Max(LeastSpan, values.Max() - values.Min());
        // An interval over two seeds can be thirteen times as wide as they differ: it is cut, the table has its ends.
        var (low, high) = (Math.Max(0, values.Min() - span), Math.Min(1, values.Max() + span));
        var axis = Axis.Around([.. values, .. lines.SelectMany(l => new[] { l.Low, l.High }).OfType<double>().Select(v => Math.Clamp(v, low, high))], LeastSpan);
        return Html.Of("div", Has("class", "dots"), lines.Select(l => Line(l, axis)).ToArray(), Marks(axis));
    }

    static XElement Line(DotLine line, Axis axis) => Html.Of("div", Has("class", line.IsBaseline ? "line baseline" : "line"),
        Html.Of("span", Has("class", "name"), line.Name),
        Draw("svg", Has("class", "track"), Has("width", "100%"), Has("height", "22"), Has("aria-hidden", "true"),
            axis.Marks.Select(m => Stroke("grid", X(axis, m), X(axis, m), "0", "100%")).ToArray(),
            line.Low is { } low ? Stroke("bar", X(axis, low), X(axis, line.High!.Value), "11", "11") : null,
            line.Low < axis.Low ? Stroke("cut", X(axis, axis.Low), X(axis, axis.Low), "5", "17") : null,
            line.High > axis.High ? Stroke("cut", X(axis, axis.High), X(axis, axis.High), "5", "17") : null,
            line.Single.Count > 1 ? line.Single.Select(v => Stroke("seed", X(axis, v), X(axis, v), "6", "16")).ToArray() : null,
            Draw("circle", Has("class", "dot"), Has("cx", X(axis, line.Value)), Has("cy", "11"), Has("r", "5"))),
        Html.Of("span", Has("class", "value"), Number(line.Value)));

    static XElement Marks(Axis axis) => Html.Of("div", Has("class", "line marks"), Html.Of("span", Has("class", "name")),
        Draw("svg", Has("class", "track"), Has("width", "100%"), Has("height", "18"), Has("aria-hidden", "true"),
            axis.Marks.Select(m => Draw("text", Has("x", X(axis, m)), Has("y", "13"), Has("text-anchor", "middle"), axis.Text(m))).ToArray()),
        Html.Of("span", Has("class", "value")));

    static XElement Stroke(string kind, string x1, string x2, string y1, string y2) =>
        Draw("line", Has("class", kind), Has("x1", x1), Has("x2", x2), Has("y1", y1), Has("y2", y2));

    static string X(Axis axis, double value) => Percent(0.02 + (0.96 * axis.Place(value)));
}
