using OnnxAmalgam.Cli.Reports;
using OnnxAmalgam.Cli.Reports.Plots;
using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Training.Evaluation;
using SkiaSharp;

namespace OnnxAmalgam.Cli.Tests.Reports;

public sealed class PlotTests : IDisposable
{
    readonly TempFolder place = new();

    public void Dispose() => place.Dispose();

    [Fact]
    public void True_classes_are_rows_from_the_top_and_answers_are_columns()
    {
        var (right, below) = Blue(ConfusionPlot.Png(Answers(("cat", "dog"))));
        var (left, above) = Blue(ConfusionPlot.Png(Answers(("dog", "cat"))));
        Assert.True(right > left + 10, $"cat taken for dog lies at {right:0}, dog for cat at {left:0}");
        Assert.True(below < above - 10, $"cat taken for dog lies at {below:0}, dog for cat at {above:0}");
    }

    [Fact]
    public void Names_are_drawn_with_the_program_s_own_font_and_by_number_where_it_lacks_a_letter()
    {
        Assert.Equal("Ærø, кошка, γάτα", PlotFont.Name("Ærø, кошка, γάτα", 3));
        Assert.Equal("3", PlotFont.Name("猫", 3));
        Assert.Equal(new string('a', 23) + "…", PlotFont.Name(new string('a', 30), 3));
        Assert.True(PlotFont.Width("wide", 12) > PlotFont.Width("w", 12));
        byte[]? Drawn(params string[] labels) => ConfusionPlot.Png(new ClassResults(Read([("x", "x")], "x"), labels));
        Assert.NotEqual(Drawn("cat", "dog"), Drawn("dog", "cat"));
        Assert.Equal(Drawn("0", "dog"), Drawn("猫", "dog"));
    }

    [Fact]
    public void Many_classes_are_drawn_without_names()
    {
        string[] labels = [.. Enumerable.Range(0, 300).Select(i => $"class {i}")];
        using SKBitmap image = SKBitmap.Decode(ConfusionPlot.Png(new ClassResults(Read([("class 1", "class 1")], "many"), labels)));
        Assert.Equal(1160, image.Width);
        Assert.Null(ConfusionPlot.Png(new ClassResults(Read([("class 1", "class 1")], "more"), [.. Enumerable.Range(0, 1001).Select(i => $"class {i}")])));
    }

    [Fact]
    public void Every_kind_of_value_has_a_plot()
    {
        var run = new ReportedRun
        {
            Name = "run", Recipe = "", Evaluation = [], Benchmark = null, Environment = [], Teachers = [],
            Curves = [new("train/loss", [(1, 2), (2, 1)]), new("metrics/accuracy_top1", [(1, .1), (2, .2)]), new("metrics/accuracy_top1[a]", [(1, .3), (2, .4)]), new("lr/pg0", [(1, 1), (2, 0)])],
        };
        using SKBitmap image = SKBitmap.Decode(ResultsPlot.Png(run));
        Assert.Equal((1400, 900), (image.Width, image.Height));
        using SKBitmap one = SKBitmap.Decode(ResultsPlot.Png(run with { Curves = [new("train/loss", [(1, 2)])] }));
        Assert.Equal((700, 450), (one.Width, one.Height));
        Assert.Null(ResultsPlot.Png(run with { Curves = [] }));
    }

    ClassResults Answers(params (string Label, string Predicted)[] rows) => new(Read(rows, $"{rows[0].Label}-{rows[0].Predicted}"), ["cat", "dog", "owl"]);

    PredictionTable Read((string Label, string Predicted)[] rows, string name)
    {
        File.WriteAllText(place[$"{name}.csv"], "image,label,predicted\n" + string.Concat(rows.Select((r, i) => $"{i},{r.Label},{r.Predicted}\n")));
        return PredictionTable.Read(place[$"{name}.csv"]);
    }

    /// <summary>Mean place of what is blue: the cells, and the scale beside them.</summary>
    static (double X, double Y) Blue(byte[]? png)
    {
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], png![..4]);
        using SKBitmap image = SKBitmap.Decode(png);
        var blue = image.Pixels.Index().Where(p => p.Item.Blue > p.Item.Red + 40).Select(p => (X: p.Index % image.Width, Y: p.Index / image.Width)).ToArray();
        return (blue.Average(p => p.X), blue.Average(p => p.Y));
    }
}
