using System.CommandLine;
using System.Globalization;
using OnnxAmalgam.Cli.Reports;
using OnnxAmalgam.Cli.Shell;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Evaluation;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Cli.Commands;

/// <summary><c>evaluate</c>: a student beside each teacher and the concatenated teachers, all as files in ONNX Runtime.</summary>
internal sealed class EvaluateCommand : ProgramCommand
{
    readonly Argument<string> model = new("MODEL-or-RUN") { Description = "A student .onnx file, or a run folder that holds one" };
    readonly Option<string> recipe = new("--recipe") { Description = "The recipe that names teachers and images", HelpName = "RECIPE", Required = true };
    readonly Option<string?> csv = new("--csv") { Description = "Write the rows as CSV; - is stdout", HelpName = "FILE" };
    readonly Option<bool> json = new("--json") { Description = "Print one JSON document" };

    public EvaluateCommand()
        : base("evaluate", "Measures a student on the union of labels and on each teacher's task, with 95 % intervals", "onnx-amalgam evaluate runs/digits-and-clothes --recipe models/demo/recipe.yaml")
    {
        Add(model);
        foreach (Option option in (Option[])[recipe, csv, json])
            Add(option);
    }

    public override int Run(ParseResult result, Session session)
    {
        var file = ModelArgument.OfFileOrRun(result.GetRequiredValue(model));
        var compute = Compute.OpenTorch(session);
        using var setup = AmalgamationSetup.Open(RecipeReader.Read(result.GetRequiredValue(recipe)), compute, session.Warn, session.Detail);
        var rows = Evaluator.Evaluate(setup, file).Rows;
        if (result.GetValue(csv) is { } target)
        {
            using var text = new StringWriter();
            EvaluationRow.WriteCsv(text, rows);
            TextFile.Write(target, session.Terminal, text.ToString());
        }

        if (result.GetValue(json))
            Json.WriteDocument(session.Terminal, new { Json.SchemaVersion, Rows = rows });
        else if (result.GetValue(csv) != "-")
            Print(rows, session.Terminal);
        return ExitCode.Done;
    }

    static void Print(IReadOnlyList<EvaluationRow> rows, Terminal terminal)
    {
        var table = new TextTable("model", "task", "metric", "value>", "95 % interval", "n>");
        foreach (var r in rows)
            table.Add(r.Model, r.Task, r.Metric, Text(r.Value), r.CiLow is null ? "" : $"{Text(r.CiLow)} .. {Text(r.CiHigh)}", r.N.ToString(CultureInfo.InvariantCulture));
        table.WriteTo(terminal);
    }

    static string Text(double? value) => value?.ToString("0.0000", CultureInfo.InvariantCulture) ?? "";
}
