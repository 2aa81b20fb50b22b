using OnnxAmalgam.Cli.Reports.Pages;
using ScottPlot;
using ScottPlot.MultiplotLayouts;
using ScottPlot.TickGenerators;

namespace OnnxAmalgam.Cli.Reports.Plots;

/// <summary>results.png: what results.csv says of every epoch, a plot for each kind of value.</summary>
internal static class ResultsPlot
{
    const int Width = 1400, RowHeight = 450, MostMarked = 60;

    /// <summary>The plots as PNG; null where there is no epoch.</summary>
    public static byte[]? Png(ReportedRun run)
    {
        PlotFont.Use();
        var charts = run.Charts.ToArray();
        if (charts.Length == 0)
            return null;
        int columns = Math.Min(2, charts.Length), rows = (charts.Length + columns - 1) / columns;
        Multiplot all = new() { Layout = new Grid(rows, columns) };
        all.AddPlots(charts.Length);
        foreach (var (index, (name, curves)) in charts.Index())
            Draw(all.GetPlot(index), name, curves);
        using Image image = all.Render(Width * columns / 2, RowHeight * rows);
        return image.GetImageBytes(ImageFormat.Png);
    }

    static void Draw(Plot plot, string name, IReadOnlyList<Curve> curves)
    {
        foreach (var (index, curve) in curves.Index())
        {
            var line = plot.Add.Scatter(curve.Points.Select(p => p.X).ToArray(), curve.Points.Select(p => p.Y).ToArray());
            line.LegendText = PlotFont.Name(Short(curve.Name), index);
            line.MarkerSize = curve.Points.Count > MostMarked ? 0 : 5;
        }

        plot.Title(name);
        plot.XLabel("epoch");
        plot.Axes.Bottom.TickGenerator = new NumericAutomatic { IntegerTicksOnly = true };
        plot.ShowLegend(Edge.Bottom).Legend.ShadowColor = Colors.Transparent;
    }

    /// <summary>metrics/accuracy_top1[TEACHER] -> TEACHER, without one: union; train/loss -> train; train/mmd[TEACHER] -> mmd, TEACHER.</summary>
    static string Short(string column) => column.Split('/', 2) switch
    {
        ["metrics", var metric] => metric.Split('[', 2) is [_, var teacher] ? teacher.TrimEnd(']') : "union",
        [var set, "loss"] => set,
        [_, var term] => term.Replace("[", ", ", StringComparison.Ordinal).TrimEnd(']'),
        _ => column,
    };
}
