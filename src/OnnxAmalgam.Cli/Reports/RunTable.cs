using System.Globalization;
using OnnxAmalgam.Cli.Shell;
using OnnxAmalgam.Training;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Evaluation;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Cli.Reports;

/// <summary>What a run came to, in one table: accuracy on the union and on each task, size, latency.</summary>
internal static class RunTable
{
    public static void Write(Terminal terminal, AmalgamationSetup setup, RunReport report, string student)
    {
        string[] tasks = [.. setup.Teachers.Where(t => t.HasLogits).Select(t => t.Name)];
        var files = setup.Teachers.ToDictionary(t => t.Name, t => t.File, StringComparer.Ordinal);
        var table = new TextTable(["model", "union>", .. tasks.Select(t => $"{t}>"), "parameters>", "KiB>", "ms at batch 1>"]);
        table.Add([.. Row("student", student)]);
        foreach (var task in tasks)
            table.Add([.. Row(task, files[task])]);
        table.Add([.. Row("concatenated", null)]);
        table.WriteTo(terminal);

        long n = report.Evaluation.FirstOrDefault(r => r is { Model: "student", Task: "union" })?.N ?? 0;
        terminal.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"top-1 accuracy (agreement where no image has a label) on {n} {report.EvaluatedOn} images; concatenated: arg max over all teachers' scores"));
        if (setup.Recipe.Amalgamation.Labels == LabelMode.Gated)
            terminal.Output.WriteLine(setup.Gate?.Note is { } note ? $"gate {note}" : "gated: while training, each source named the teachers its images belong to; test images name none");
        terminal.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"student.onnx against the trained graph: max difference {report.Agreement.MaxDifference:0.0e+0} on {report.Agreement.Images} images"));

        IEnumerable<string> Row(string model, string? file)
        {
            var measured = report.Benchmark.FirstOrDefault(b => b.Model == file && b.Batch == 1);
            return
            [
                model,
                Share(report.Evaluation, model, "union"),
                .. tasks.Select(t => Share(report.Evaluation, model, t)),
                measured?.ParamCount.ToString("N0", CultureInfo.InvariantCulture) ?? "",
                measured is null ? "" : (measured.FileBytes / 1024.0).ToString("0", CultureInfo.InvariantCulture),
                measured?.P50Ms.ToString("0.00", CultureInfo.InvariantCulture) ?? "",
            ];
        }
    }

    static string Share(IReadOnlyList<EvaluationRow> rows, string model, string task)
    {
        var row = rows.FirstOrDefault(r => r.Model == model && r.Task == task && r.Metric == "accuracy_top1")
            ?? rows.FirstOrDefault(r => r.Model == model && r.Task == task && r.Metric == "agreement");
        return row?.Value.ToString("0.0000", CultureInfo.InvariantCulture) ?? "";
    }
}
