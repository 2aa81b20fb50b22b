using System.Globalization;
using System.Xml.Linq;
using OnnxAmalgam.Cli.Shell;
using OnnxAmalgam.Training.Evaluation;
using static OnnxAmalgam.Cli.Reports.Pages.Html;

namespace OnnxAmalgam.Cli.Reports.Pages;

/// <summary>A run as one HTML file that needs nothing else. The same run gives the same page.</summary>
internal static class RunPage
{
    const int MostInMatrix = 100;

    /// <summary>The page.</summary>
    public static string Write(ReportedRun run) => Page($"Run: {run.Name}", Of("body",
        Of("h1", run.Name), Summary(run), Accuracy(run), Curves(run), Classes(run), Matrix(run), Map(run), Benchmark(run),
        Of("section", Of("h2", "Recipe"), Of("details", Of("summary", "every value"), Of("pre", new XText(string.Join('\n', run.Recipe.Split('\n').Select(Printable.Text)))))),
        Of("section", Of("h2", "Versions"), Of("dl", run.Environment.Select(e => new object[] { Of("dt", e.Name), Of("dd", e.Value) }).ToArray()))));

    static XElement? Summary(ReportedRun run)
    {
        var student = Find(run, "student", "union");
        var beside = Find(run, "concatenated", "union");
        if (student is null)
            return null;
        string of = student.Metric == "accuracy_top1" ? "accuracy" : student.Metric.Replace('_', ' ');
        return Of("p", string.Create(CultureInfo.InvariantCulture, $"One student of {run.Teachers.Count} teachers: {of} "), Number(student.Value),
            student.CiLow is null ? null : new object?[] { " (", Interval(student.CiLow, student.CiHigh), ")" },
            string.Create(CultureInfo.InvariantCulture, $" on the union of labels, {student.N:N0} images"),
            beside is null ? "." : new object?[] { "; the teachers side by side ", Number(beside.Value), "." });
    }

    static EvaluationRow? Find(ReportedRun run, string model, string task) =>
        run.Evaluation.Where(r => r.Model == model && r.Task == task).OrderBy(r => r.Metric == "accuracy_top1" ? 0 : r.Metric == "agreement" ? 1 : 2).FirstOrDefault();

    static XElement Accuracy(ReportedRun run)
    {
        string[] metrics = [.. run.Evaluation.Select(r => r.Metric).Distinct(StringComparer.Ordinal)];
        var lines = run.Evaluation.Where(r => r.Metric == metrics[0]).Select(r => new DotLine(
            r.Task == "union" ? $"{r.Model}, union" : $"{r.Model}, task {r.Task}", r.Model != "student", r.Value, r.CiLow, r.CiHigh, []));
        return Of("section", Of("h2", "Accuracy"), DotChart.Of([.. lines.OrderBy(l => l.IsBaseline)]),
            Of("p", Has("class", "note"), $"{metrics[0]}; bar: 95 % over images. Filled: the student; rings: teachers and the concatenated teachers. A teacher's task: arg max over its labels only, on images of those labels."),
            Of("details", Of("summary", "every figure"),
                Table(["model", "task", "metric", "value", "95 %", "images"], run.Evaluation.Select(r => Row(r.Model, r.Task, r.Metric, Number(r.Value), Interval(r.CiLow, r.CiHigh), r.N.ToString("N0", CultureInfo.InvariantCulture))))));
    }

    static XElement Curves(ReportedRun run)
    {
        XElement[] charts = [.. run.Charts.Select(c => CurveChart.Of(c.Name, c.Curves) is { } chart ? Of("div", Of("h3", c.Name), chart) : null).OfType<XElement>()];
        return Of("section", Of("h2", "Training"), charts.Length == 0 ? Of("p", "One epoch: nothing to draw.") : charts);
    }

    static XElement Classes(ReportedRun run) => Of("section", Of("h2", "Class by class"), run.Classes is not { } classes ? Of("p", run.Missing) : Table(
        ["class", "of", "images", "recall", "precision", "F1", "most often taken for"],
        classes.Rows.Select(r => Row(r.Label, run.TeacherOf(r.Label) is >= 0 and var t ? run.Teachers[t].Name : "", r.Images.ToString("N0", CultureInfo.InvariantCulture),
            Maybe(r.Recall), Maybe(r.Precision), Maybe(r.F1), r.TakenFor is null ? "" : string.Create(CultureInfo.InvariantCulture, $"{r.TakenFor} ({r.TakenForImages:N0})")))));

    static XElement? Maybe(double? value) => value is { } number ? Number(number) : null;

    static XElement? Matrix(ReportedRun run)
    {
        if (run.Classes is not { } classes)
            return null;
        int n = classes.Labels.Count;
        if (n > MostInMatrix)
            return Of("section", Of("h2", "Confusion matrix"), Of("p", string.Create(CultureInfo.InvariantCulture, $"Not drawn for more than {MostInMatrix} classes.")));
        XElement table = Table(["", .. classes.Labels], Enumerable.Range(0, n).Select(label =>
        {
            int images = Enumerable.Range(0, n).Sum(p => classes[label, p]);
            return Of("tr", [Of("th", Has("scope", "row"), classes.Labels[label]), .. Enumerable.Range(0, n).Select(p => Cell(classes[label, p], images, label == p))]);
        }));
        table.Element("table")!.Add(Has("class", "matrix"));
        return Of("section", Of("h2", "Confusion matrix"), table, Of("p", Has("class", "note"), "Rows: true classes; columns: the student's answers. Numbers of images; the darker, the larger their share of the row."));
    }

    static XElement Cell(int count, int images, bool isRight) => Of("td", Has("class", isRight ? "hit" : "miss"),
        Has("style", string.Create(CultureInfo.InvariantCulture, $"--share: {(images > 0 ? 90.0 * count / images : 0):0.#}%")), count > 0 ? count.ToString(CultureInfo.InvariantCulture) : null);

    static XElement? Map(ReportedRun run) => run.Map is not { } map ? null : Of("section", Of("h2", "The student's features"),
        MapChart.Of(map, [.. run.Teachers.Select(t => t.Name)], run.TeacherOf),
        Of("p", Has("class", "note"), string.Create(CultureInfo.InvariantCulture, $"{map.Points.Count(p => run.TeacherOf(p.Label) >= 0):N0} images on the two principal axes of the student's last tap, which hold {100 * map.Share:0} % of its variance; a colour a teacher, by the image's true class. Point at one for its class.")));

    /// <summary>What people compare; benchmark.csv has the rest.</summary>
    static XElement Benchmark(ReportedRun run)
    {
        if (run.Benchmark is not { } benchmark)
            return Of("section", Of("h2", "Benchmark"), Of("p", "The run holds no benchmark.csv."));
        string Cell(IReadOnlyList<string> row, string column) => benchmark.Columns.ToList().IndexOf(column) is >= 0 and var at ? row[at] : "";
        object? Figure(IReadOnlyList<string> row, string column, double factor, string format) =>
            double.TryParse(Cell(row, column), NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? Number(value * factor, format) : null;
        return Of("section", Of("h2", "Benchmark"),
            Table(["model", "batch", "median ms", "95 % below, ms", "images a second", "MiB", "parameters", "million multiply-adds"], benchmark.Rows.Select(r => Row(
                Path.GetFileNameWithoutExtension(Cell(r, "model")), Cell(r, "batch"), Figure(r, "p50_ms", 1, "0.000"), Figure(r, "p95_ms", 1, "0.000"), Figure(r, "samples_per_sec", 1, "N0"),
                Figure(r, "file_bytes", 1.0 / (1 << 20), "0.00"), Figure(r, "param_count", 1, "N0"), Figure(r, "macs", 1e-6, "N1")))),
            Of("p", Has("class", "note"), string.Join(", ", benchmark.Rows.Select(r => $"{Cell(r, "provider")} on {Cell(r, "device")}, threads: {Cell(r, "threads")}").Distinct()) + "; all models took turns."));
    }
}
