using System.Globalization;
using System.Xml.Linq;
using static OnnxAmalgam.Cli.Reports.Pages.Html;

namespace OnnxAmalgam.Cli.Reports.Pages;

/// <summary>What a method cost and what it brought.</summary>
/// <param name="Number">Shown in the dot.</param>
/// <param name="Name">Shown beside the pointer.</param>
/// <param name="Seconds">Mean over its runs.</param>
/// <param name="Accuracy">Mean over its runs.</param>
internal sealed record TimePoint(int Number, string Name, double Seconds, double Accuracy);

/// <summary>Accuracy against time: a numbered dot a method.</summary>
internal static class TimeChart
{
    /// <summary>The chart.</summary>
    public static XElement Of(IReadOnlyList<TimePoint> points)
    {
        var (time, accuracy) = (new Axis(0, Math.Max(1, points.Max(p => p.Seconds)) * 1.05), Axis.Around(points.Select(p => p.Accuracy), 0.01));
        return Draw("svg", Has("class", "plane"), Has("width", "100%"), Has("height", "340"), Has("role", "img"), Has("aria-label", "Accuracy against seconds a run"),
            accuracy.Marks.Select(m => new[]
            {
                Draw("line", Has("class", "grid"), Has("x1", "0"), Has("x2", "100%"), Has("y1", Y(accuracy, m)), Has("y2", Y(accuracy, m))),
                Draw("text", Has("x", "0"), Has("y", Y(accuracy, m)), Has("dy", "-4"), accuracy.Text(m)),
            }).ToArray<object>(),
            time.Marks.Select(m => Draw("text", Has("x", X(time, m)), Has("y", "99%"), Has("text-anchor", "middle"), $"{time.Text(m)} s")).ToArray<object>(),
            points.OrderBy(p => p.Accuracy).Select(p => Draw("g",
                Draw("title", string.Create(CultureInfo.InvariantCulture, $"{p.Name}: {p.Accuracy:0.0000} in {p.Seconds:0} s")),
                Draw("circle", Has("class", "dot"), Has("cx", X(time, p.Seconds)), Has("cy", Y(accuracy, p.Accuracy)), Has("r", "10")),
                Draw("text", Has("class", "inside"), Has("x", X(time, p.Seconds)), Has("y", Y(accuracy, p.Accuracy)), Has("dy", "4"), Has("text-anchor", "middle"), p.Number.ToString(CultureInfo.InvariantCulture)))).ToArray<object>());
    }

    static string X(Axis axis, double value) => Percent(0.1 + (0.87 * axis.Place(value)));

    static string Y(Axis axis, double value) => Percent(0.92 - (0.88 * axis.Place(value)));
}
