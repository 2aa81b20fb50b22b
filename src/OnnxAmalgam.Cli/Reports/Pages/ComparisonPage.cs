using System.Globalization;
using System.Xml.Linq;
using OnnxAmalgam.Training.Comparison;
using OnnxAmalgam.Training.Recipes;
using static OnnxAmalgam.Cli.Reports.Pages.Html;

namespace OnnxAmalgam.Cli.Reports.Pages;

/// <summary>What a comparison is about.</summary>
/// <param name="Comparison">The figures.</param>
/// <param name="Methods">Recipe and runs of each method, in the same order.</param>
/// <param name="Versions">What the page was made with, name and version.</param>
internal sealed record ComparedMethods(MethodComparison Comparison, IReadOnlyList<(Recipe Recipe, IReadOnlyList<MethodRun> Runs)> Methods, IReadOnlyList<(string Name, string Version)> Versions)
{
    /// <summary>Methods by their accuracy on the union, the best first.</summary>
    public IReadOnlyList<MethodRow> Ranked { get; } = [.. Comparison.Methods.Where(m => m.Task == "union").OrderByDescending(m => m.Accuracy)];

    /// <summary>A method's place among them, from 1.</summary>
    public int RankOf(string method) => Ranked.Index().First(m => m.Item.Method == method).Index + 1;

    /// <summary>A method's runs.</summary>
    public IReadOnlyList<MethodRun> RunsOf(string method) => Methods.First(m => m.Recipe.Name == method).Runs;

    /// <summary>Mean over a method's runs; null where one of them has no time.</summary>
    public double? SecondsOf(string method) => RunsOf(method).All(r => r.Duration is not null) ? RunsOf(method).Average(r => r.Duration!.Value.TotalSeconds) : null;
}

/// <summary>A comparison as one HTML file that needs nothing else. It says nothing of when or where it was made: the same runs give the same page.</summary>
internal static class ComparisonPage
{
    const string Signed = "+0.0000;-0.0000;0.0000";
    const int ManyPairs = 36;

    /// <summary>The page.</summary>
    public static string Write(ComparedMethods compared)
    {
        XElement body = Of("body",
            Of("h1", "Methods compared"),
            Of("p", $"{Count(compared.Methods.Count, "method")}, {Count(compared.Methods[0].Runs.Count, "seed")} each, on the same {Many(compared.Ranked[0].Images)} test images. {(compared.Methods.All(m => m.Recipe.Train.SelectBest) ? "Each run was selected on the validation part and tested once." : "Each run was tested once.")}"),
            Accuracy(compared), Tasks(compared), Pairs(compared), Time(compared), RecipeSection.Of(compared.Methods), Origin(compared));
        return Page($"Methods compared: {string.Join(", ", compared.Methods.Select(m => m.Recipe.Name))}", body);
    }

    static XElement Accuracy(ComparedMethods compared)
    {
        var methods = compared.Ranked.Select((m, i) => new DotLine(
            string.Create(CultureInfo.InvariantCulture, $"{i + 1}  {m.Method}"), false, m.Accuracy, m.CiLow, m.CiHigh,
            [.. compared.RunsOf(m.Method).Select(r => r.Evaluation.Single(e => e is { Model: "student", Task: "union", Metric: "accuracy_top1" }).Value)]));
        var baselines = compared.Comparison.Baselines.Where(b => b.Task == "union").Select(b => new DotLine(b.Method, true, b.Accuracy, b.CiLow, b.CiHigh, []));
        return Of("section", Of("h2", "Accuracy on the union of labels"), DotChart.Of([.. methods, .. baselines]),
            Of("p", Has("class", "note"), compared.Methods[0].Runs.Count == 1
                ? "Filled: a method, one seed, so without an interval over seeds. Ring: a baseline that was not trained here, bar: 95 % over images (Wilson)."
                : "Filled: mean over seeds; bar: 95 % over seeds (Student's t), cut where it is dashed; strokes: single seeds. Ring: a baseline that was not trained here, bar: 95 % over images (Wilson)."));
    }

    static XElement Tasks(ComparedMethods compared)
    {
        MethodComparison comparison = compared.Comparison;
        string[] tasks = [.. comparison.Methods.Select(m => m.Task).Distinct(StringComparer.Ordinal)];
        object?[] Cells(IEnumerable<MethodRow> rows, object? seeds, object? seconds)
        {
            var own = rows.ToDictionary(r => r.Task, StringComparer.Ordinal);
            return [seeds, .. tasks.Select(t => own.GetValueOrDefault(t) is { } row ? new object?[] { Number(row.Accuracy), Of("small", Interval(row.CiLow, row.CiHigh)) } : null), seconds];
        }

        var methods = compared.Ranked.Select((m, i) => Row(
            new object[] { Of("span", Has("class", "rank"), Whole(i + 1)), m.Method },
            Cells(comparison.Methods.Where(r => r.Method == m.Method), Whole(m.Seeds), compared.SecondsOf(m.Method)?.ToString("0", CultureInfo.InvariantCulture))));
        var baselines = comparison.Baselines.GroupBy(b => b.Method, StringComparer.Ordinal).Select(b =>
        {
            XElement row = Row(b.Key, Cells(b, null, null));
            row.Add(Has("class", "baseline"));
            return row;
        });
        return Of("section", Of("h2", "Every task"),
            Table(["method", "seeds", .. tasks.Select(t => t == "union" ? "union" : $"task {t}"), "seconds a run"], [.. methods, .. baselines]),
            Of("p", Has("class", "note"), "Top-1 accuracy. A teacher's task: arg max over its labels only, on images of those labels. Small: 95 % intervals, of methods over seeds (Student's t), of teachers over images (Wilson). Seconds: a whole run with its evaluation; of a run that was interrupted or taken over, training alone."));
    }

    static XElement? Pairs(ComparedMethods compared)
    {
        var pairs = compared.Comparison.Pairs;
        if (pairs.Count == 0)
            return null;
        XElement table = Table(["method", "against", "difference", "95 % over seeds", "95 % over images", "only first", "only second", "McNemar p"], pairs.Select(p =>
        {
            XElement row = Row(p.Method, p.Against, Number(p.Difference, Signed), Interval(p.CiLow, p.CiHigh, Signed), Interval(p.ImageCiLow, p.ImageCiHigh, Signed), Whole(p.OnlyMethod), Whole(p.OnlyAgainst), Chance(p.McNemarP));
            if (p.ImageCiLow > 0 || p.ImageCiHigh < 0)
                row.Elements("td").ElementAt(1).Add(Has("class", "clear"));
            return row;
        }));
        table.Element("table")!.Add(Has("class", "pairs"));
        XElement details = Of("details", Of("summary", Count(pairs.Count, "pair")), table);
        if (pairs.Count <= ManyPairs)
            details.Add(Has("open", "open"));
        return Of("section", Of("h2", "Pairs, on the same images"), details,
            Of("p", Has("class", "note"), $"Accuracy of the first less that of the second, on the union; bold where the interval over images (paired bootstrap, {Many(PairedBootstrap.Resamples)} resamples) leaves out 0. That interval and McNemar's exact test hold for these students; only the interval over seeds speaks of training them again. Only first, only second: images that one of them gets right in most of its seeds. No p is corrected for the number of pairs."));
    }

    static XElement Time(ComparedMethods compared)
    {
        TimePoint[] points = [.. compared.Ranked.Select((m, i) => (m, i)).Where(x => compared.SecondsOf(x.m.Method) is not null).Select(x => new TimePoint(x.i + 1, x.m.Method, compared.SecondsOf(x.m.Method)!.Value, x.m.Accuracy))];
        return Of("section", Of("h2", "Accuracy against time"), points.Length == 0
            ? Of("p", "No run says how long it took.")
            : new object[] { TimeChart.Of(points), Of("p", Has("class", "note"), "Numbers as above; across: seconds a run, mean over seeds (what else the machine did meanwhile counts too); up: accuracy on the union.") });
    }

    static XElement Origin(ComparedMethods compared) => Of("section", Of("h2", "Seeds and versions"),
        Of("dl",
            Of("dt", "seeds"), Of("dd", string.Join(", ", compared.Methods[0].Runs.Select(r => r.Seed.ToString(CultureInfo.InvariantCulture)))),
            Of("dt", "test images"), Of("dd", $"{Many(compared.Ranked[0].Images)}, ", Of("code", compared.Methods[0].Runs[0].Answers.Images)),
            compared.Versions.Select(v => new object[] { Of("dt", v.Name), Of("dd", v.Version) }).ToArray()));

    /// <summary>A p, which is never 0.</summary>
    static XElement Chance(double p)
    {
        XElement number = Number(p);
        if (p < 0.00005)
            number.Value = "< 0.0001";
        return number;
    }

    static string Many(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    static string Whole(int value) => value.ToString(CultureInfo.InvariantCulture);

    static string Count(int value, string thing) => $"{Whole(value)} {thing}{(value == 1 ? "" : "s")}";
}
