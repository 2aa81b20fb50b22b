using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;
using OnnxAmalgam.Cli.Reports.Pages;
using OnnxAmalgam.Cli.Tests.Running;
using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Training.Comparison;
using OnnxAmalgam.Training.Evaluation;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Cli.Tests.Reports;

public sealed partial class ComparisonPageTests : IDisposable
{
    const string Nasty = "<script>alert(1)</script>&\"'\u202E]]>";
    readonly TempFolder place = new();

    public void Dispose() => place.Dispose();

    [Fact]
    public void Every_number_of_the_csv_is_on_the_page_with_all_its_digits_and_reads_as_it_is_rounded()
    {
        ComparedMethods compared = Compared(seeds: 3, "plain", "better");
        XElement page = Parse(ComparisonPage.Write(compared));
        Table csv = Table.Read(compared.Comparison.ToCsv());
        XElement[] tables = [.. page.Descendants("table")];
        foreach (var row in csv.Rows.Where(r => r["row"] != "pair").GroupBy(r => r["method"]))
            Assert.Equal(row.SelectMany(r => Filled(r["value"], r["ci_low"], r["ci_high"])), Numbers(RowOf(tables[0], row.Key)));
        var pairs = csv.Rows.Where(r => r["row"] == "pair").ToArray();
        Assert.Equal(3, pairs.Length);
        foreach (var (pair, row) in pairs.Zip(tables[1].Element("tbody")!.Elements("tr")))
        {
            Assert.Equal(pair["method"], row.Element("th")!.Value);
            Assert.Equal(Filled(pair["value"], pair["ci_low"], pair["ci_high"], pair["image_ci_low"], pair["image_ci_high"], pair["mcnemar_p"]), Numbers(row));
            Assert.Equal((pair["against"], pair["only_method"], pair["only_against"]), (Cell(row, 0), Cell(row, 4), Cell(row, 5)));
        }

        Assert.Equal(4, tables[1].Descendants("tr").Count());
        Assert.All(page.Descendants("data"), d => Assert.Contains(d.Value, (string[])
        [
            double.Parse(d.Attribute("value")!.Value, CultureInfo.InvariantCulture).ToString("0.0000", CultureInfo.InvariantCulture),
            double.Parse(d.Attribute("value")!.Value, CultureInfo.InvariantCulture).ToString("+0.0000;-0.0000;0.0000", CultureInfo.InvariantCulture),
            "< 0.0001",
        ]));
    }

    [Fact]
    public void Methods_are_ranked_and_the_rank_is_the_number_in_both_charts()
    {
        XElement page = Parse(ComparisonPage.Write(Compared(seeds: 2, "plain", "better")));
        Assert.Equal(["1  better", "2  third", "3  plain", "concatenated", ""], page.Descendants().Where(e => e.Attribute("class")?.Value == "name").Select(e => e.Value));
        string[] points = [.. page.Descendants(Html.Svg + "g").Select(g => g.Value)];
        Assert.Equal(3, points.Length);
        Assert.Contains(points, p => p.StartsWith("better: ", StringComparison.Ordinal) && p.EndsWith("in 61 s1", StringComparison.Ordinal));
        Assert.Equal("61", Cell(RowOf(page.Descendants("table").First(), "better"), 3));

        // places are percentages within the drawing, better is further to the right
        double[] dots = [.. page.Descendants(Html.Svg + "circle").Take(3).Select(c => double.Parse(c.Attribute("cx")!.Value.TrimEnd('%'), CultureInfo.InvariantCulture))];
        Assert.True(dots[0] > dots[1] && dots[1] > dots[2]);
        Assert.All(dots, x => Assert.InRange(x, 2, 98));
    }

    [Fact]
    public void The_keys_in_which_the_recipes_differ_are_shown_and_no_others()
    {
        XElement page = Parse(ComparisonPage.Write(Compared(seeds: 1, "plain", "better")));
        XElement table = page.Descendants("table").Last();
        Assert.Equal(["key", "plain", "better", "third"], table.Descendants("thead").Single().Descendants("th").Select(h => h.Value));
        Assert.Equal(
            [["amalgamation.losses.soft_target.weight", "1", "–", "2"], ["amalgamation.losses.soft_target.temperature", "1", "–", "1"], ["amalgamation.losses.dkd.weight", "–", "1", "–"]],
            table.Descendants("tbody").Single().Elements("tr").Select(r => r.Elements().Select(c => c.Value).ToArray()).Where(r => !r[0].Contains("dkd.", StringComparison.Ordinal) || r[0].EndsWith("weight", StringComparison.Ordinal)));
        Assert.Contains("train.epochs1", page.Descendants("dl").First().Value, StringComparison.Ordinal);
        Assert.DoesNotContain(page.Descendants("code"), c => c.Value is "name" or "train.seed");
    }

    [Fact]
    public void One_method_with_one_seed_has_a_page_too()
    {
        ComparedMethods all = Compared(seeds: 1, "plain", "better");
        var methods = all.Methods.Take(1).Select(m => (m.Recipe, (IReadOnlyList<MethodRun>)[m.Runs[0] with { Duration = null }])).ToArray();
        XElement page = Parse(ComparisonPage.Write(new(new MethodComparison([("plain", methods[0].Item2)], 1), methods, [])));
        Assert.Contains("No run says how long it took.", page.Value, StringComparison.Ordinal);
        Assert.Contains("There is one recipe.", page.Value, StringComparison.Ordinal);
        Assert.Single(page.Descendants("table"));
    }

    [Fact]
    public void Names_with_markup_stay_text_and_the_page_asks_for_nothing_from_elsewhere()
    {
        ComparedMethods compared = Compared(seeds: 2, Nasty, "better", "a & b <c>");
        string text = ComparisonPage.Write(compared);
        XElement page = Parse(text);
        Assert.DoesNotContain("<script", text, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain('\u202E', text);
        const string Shown = "<script>alert(1)</script>&\"'\\u202E]]>";
        Assert.Equal(2, page.Descendants("table").Take(2).Sum(t => t.Descendants("tbody").Single().Elements("tr").Count(r => r.Element("th")!.Value.EndsWith(Shown, StringComparison.Ordinal))) - 1);
        Assert.Contains(page.Descendants("th"), h => h.Value == "task a & b <c>");
        Assert.DoesNotMatch(External(), text.Replace("http://www.w3.org/2000/svg", "", StringComparison.Ordinal));
        Assert.Equal(text, ComparisonPage.Write(compared));
    }

    [Fact]
    public void Only_void_elements_close_themselves_so_that_browsers_read_what_was_written()
    {
        string[] closed = [.. SelfClosed().Matches(ComparisonPage.Write(Compared(seeds: 1, "plain", "better"))).Select(m => m.Groups[1].Value).Distinct()];
        Assert.Equal(["circle", "line", "meta"], closed.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(0.78, 0.94, 0.05, new[] { "0.80", "0.85", "0.90" })]
    [InlineData(0.9, 0.912, 0.005, new[] { "0.900", "0.905", "0.910" })]
    [InlineData(0, 141, 50, new[] { "0", "50", "100" })]
    [InlineData(0, 1, 0.2, new[] { "0.0", "0.2", "0.4", "0.6", "0.8", "1.0" })]
    public void An_axis_is_marked_with_round_numbers(double low, double high, double step, string[] marks)
    {
        var axis = new Axis(low, high);
        Assert.Equal(step, axis.Step, 1e-12);
        Assert.Equal(marks, axis.Marks.Select(axis.Text));
        Assert.Equal((0, 1, 0.5), (axis.Place(low - 1), axis.Place(high + 1), axis.Place((low + high) / 2)));
    }

    /// <summary>Three methods of 40 images; the second is right most often, the third more often than the first.</summary>
    ComparedMethods Compared(int seeds, string first, string second, string task = "pets")
    {
        (string Name, string Term, int Right)[] methods = [(first, "soft_target: {weight: 1}", 20), (second, "dkd: {weight: 1}", 38), ("third", "soft_target: {weight: 2}", 30)];
        Recipe[] recipes = [.. methods.Select((m, i) => RecipeReader.Read(Methods.Write(place, $"method{i}", m.Term)) with { Name = m.Name })];
        IReadOnlyList<MethodRun>[] runs = [.. methods.Select((m, i) => (IReadOnlyList<MethodRun>)[.. Enumerable.Range(1, seeds).Select(s => Run(s, m.Right - s, task) with { Duration = TimeSpan.FromSeconds(60 + i) })])];
        return new(new MethodComparison([.. methods.Select((m, i) => (m.Name, runs[i]))], 1), [.. recipes.Zip(runs)], [("onnx-amalgam", "1.2 <3>")]);
    }

    static MethodRun Run(long seed, int right, string task)
    {
        double share = right / 40.0;
        EvaluationRow[] rows =
        [
            new("student", "union", "accuracy_top1", share, 0, 1, 40), new("student", "union", "ece", 0.5, null, null, 40), new("student", task, "accuracy_top1", share / 3, 0, 1, 20),
            new("concatenated", "union", "accuracy_top1", 0.55, 0.4, 0.69, 40), new(task, task, "accuracy_top1", 0.75, 0.3, 0.95, 20),
        ];
        return new(seed, rows, new TestAnswers("0123456789abcdef", 0, [.. Enumerable.Range(0, 40).Select(i => i < right)]));
    }

    static XElement Parse(string page)
    {
        using var reader = XmlReader.Create(new StringReader(page), new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore, XmlResolver = null });
        return XElement.Load(reader);
    }

    static XElement RowOf(XElement table, string method) => table.Descendants("tbody").Single().Elements("tr").First(r => Regex.Replace(r.Element("th")!.Value, "^[0-9]+", "") == method);

    static string Cell(XElement row, int number) => row.Elements("td").ElementAt(number).Value;

    static IEnumerable<double> Numbers(XElement row) => row.Descendants("data").Select(d => double.Parse(d.Attribute("value")!.Value, CultureInfo.InvariantCulture));

    static IEnumerable<double> Filled(params string[] cells) => cells.Where(c => c.Length > 0).Select(c => double.Parse(c, CultureInfo.InvariantCulture));

    [GeneratedRegex(@"https?:|//|\bsrc=|\bhref=|url\(|@import", RegexOptions.IgnoreCase)]
    private static partial Regex External();

    [GeneratedRegex(@"<([a-zA-Z0-9]+)(?:\s[^<>]*)?/>")]
    private static partial Regex SelfClosed();
}
