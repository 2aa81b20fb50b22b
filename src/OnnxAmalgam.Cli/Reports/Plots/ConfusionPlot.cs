using System.Globalization;
using OnnxAmalgam.Training.Evaluation;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace OnnxAmalgam.Cli.Reports.Plots;

/// <summary>confusion_matrix.png: rows are true classes, columns the student's answers; the darker a cell, the larger its share of the row.</summary>
internal static class ConfusionPlot
{
    const int CellSize = 30, Margin = 260, MostNamed = 100, MostCounted = 40, MostDrawn = 1000, AxisTitle = 40;

    /// <summary>The matrix as PNG; null where cells would be smaller than a few pixels.</summary>
    public static byte[]? Png(ClassResults classes)
    {
        if (classes.Labels.Count > MostDrawn)
            return null;
        PlotFont.Use();
        int n = classes.Labels.Count;
        int size = Margin + Math.Max(240, n <= MostNamed ? CellSize * n : 3 * n);
        using Plot plot = new();
        var shares = new double[n, n];
        for (int label = 0; label < n; label++)
        {
            int images = Enumerable.Range(0, n).Sum(p => classes[label, p]);
            for (int predicted = 0; predicted < n; predicted++)
                shares[label, predicted] = images > 0 ? (double)classes[label, predicted] / images : 0;
        }

        var map = plot.Add.Heatmap(shares);
        map.Colormap = new ScottPlot.Colormaps.Blues().Reversed();
        map.ManualRange = new ScottPlot.Range(0, 1);
        plot.Add.ColorBar(map);
        if (n <= MostCounted)
            Count(plot, classes, shares);
        if (n <= MostNamed)
            Name(plot, classes.Labels);
        plot.Axes.SetLimits(-0.5, n - 0.5, -0.5, n - 0.5);
        plot.XLabel("the student's answer (colour: share of the row)");
        plot.YLabel("true class");
        plot.HideGrid();
        return plot.GetImageBytes(size, size, ImageFormat.Png);
    }

    static void Count(Plot plot, ClassResults classes, double[,] shares)
    {
        int n = classes.Labels.Count;
        for (int label = 0; label < n; label++)
        {
            for (int predicted = 0; predicted < n; predicted++)
            {
                if (classes[label, predicted] == 0)
                    continue;
                var text = plot.Add.Text(classes[label, predicted].ToString(CultureInfo.InvariantCulture), predicted, n - 1 - label);
                text.Alignment = Alignment.MiddleCenter;
                text.LabelFontSize = 10;
                text.LabelFontColor = shares[label, predicted] > 0.5 ? Colors.White : Colors.Black;
            }
        }
    }

    /// <summary>Names the rows, the first on top, and the columns.</summary>
    static void Name(Plot plot, IReadOnlyList<string> labels)
    {
        string[] names = [.. labels.Select(PlotFont.Name)];
        double[] places = [.. Enumerable.Range(0, names.Length).Select(i => (double)i)];
        plot.Axes.Left.TickGenerator = new NumericManual([.. places.Select(p => names.Length - 1 - p)], names);
        plot.Axes.Bottom.TickGenerator = new NumericManual(places, names);
        plot.Axes.Bottom.TickLabelStyle.Rotation = -90;
        plot.Axes.Bottom.TickLabelStyle.Alignment = Alignment.MiddleRight;
        // Left to itself the axis is as high as names that lie.
        plot.Axes.Bottom.MinimumSize = names.Max(name => PlotFont.Width(name, plot.Axes.Bottom.TickLabelStyle.FontSize)) + AxisTitle;
    }
}
