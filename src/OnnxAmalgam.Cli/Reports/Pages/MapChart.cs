using System.Globalization;
using System.Xml.Linq;
using OnnxAmalgam.Training.Evaluation;
using static OnnxAmalgam.Cli.Reports.Pages.Html;

namespace OnnxAmalgam.Cli.Reports.Pages;

/// <summary>Images in the plane, a colour a group.</summary>
internal static class MapChart
{
    const double Far = 3;

    /// <summary>The chart.</summary>
    /// <param name="map">The points.</param>
    /// <param name="groups">Names of the groups.</param>
    /// <param name="groupOf">Index of a class's group; negative: none.</param>
    public static XElement Of(FeatureMap map, IReadOnlyList<string> groups, Func<string?, int> groupOf) => Html.Of("figure",
        Draw("svg", Has("viewBox", "0 0 1000 620"), Has("width", "100%"), Has("role", "img"), Has("aria-label", "The student's features in the plane"),
            map.Points.Where(p => groupOf(p.Label) >= 0).Select(p => Draw("circle",
                Has("class", $"point {CurveChart.Hue(groupOf(p.Label))}"), Has("cx", Place(500, 165, p.X)), Has("cy", Place(310, -100, p.Y)), Has("r", "4"),
                Draw("title", p.Label ?? "no label"))).ToArray<object>()),
        CurveChart.Key(groups));

    static string Place(double middle, double unit, double value) => (middle + (unit * Math.Clamp(value, -Far, Far))).ToString("0.#", CultureInfo.InvariantCulture);
}
