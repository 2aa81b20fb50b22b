using System.Globalization;
using OnnxAmalgam.Cli.Reports;
using OnnxAmalgam.Cli.Shell;
using OnnxAmalgam.Training.Evaluation;

namespace OnnxAmalgam.Cli.Querying;

/// <summary>A query's answer for reading, and as CSV.</summary>
internal static class QueryText
{
    const int MostDropped = 20;

    static readonly (string Heading, Func<ElementFinding, string> Cell)[] Columns =
    [
        ("model", e => e.Model ?? ""),
        ("kind", e => Lower(e.Kind)),
        ("name", e => e.Name),
        ("type", e => e.Type ?? ""),
        ("dtype", e => e.Dtype ?? ""),
        ("shape", e => Shape(e.Shape)),
        ("channels", e => Number(e.Channels)),
        ("stride", e => Number(e.Stride)),
        ("depth", e => Number(e.Depth)),
        ("distance", e => Number(e.Distance)),
        ("dominator", e => e.Dominator ? "yes" : ""),
        ("parameters", e => Number(e.Parameters)),
        ("role", e => e.Role ?? ""),
        ("module", e => e.Module ?? ""),
        ("value", e => e.Value ?? ""),
    ];

    static readonly string[] Numbers = ["channels", "stride", "depth", "distance", "parameters"];

    /// <summary>A table of what is selected, without the columns that say nothing; then the steps, where they are asked for.</summary>
    public static void Print(QueryReport report, Terminal terminal)
    {
        if (report.Matches.Count > 0)
            PrintMatches(report.Matches, terminal);
        foreach (var step in report.Steps ?? [])
            Print(step, terminal);
    }

    /// <summary>The header names every column; a row an element.</summary>
    public static string ToCsv(QueryReport report)
    {
        using var text = new StringWriter();
        CsvTable.Write(text, [.. Columns.Select(column => column.Heading)], report.Matches.Select(match => (IReadOnlyList<object?>)[.. Columns.Select(column => column.Cell(match))]));
        return text.ToString();
    }

    static void PrintMatches(IReadOnlyList<ElementFinding> matches, Terminal terminal)
    {
        var shown = Columns.Where(column => matches.Any(match => column.Cell(match).Length > 0)).ToArray();
        var table = new TextTable([.. shown.Select(column => Numbers.Contains(column.Heading) ? column.Heading + ">" : column.Heading)]);
        foreach (var match in matches)
            table.Add([.. shown.Select(column => column.Cell(match))]);
        table.WriteTo(terminal);
    }

    static void Print(StepFinding step, Terminal terminal)
    {
        terminal.Output.WriteLine();
        terminal.Output.WriteLine(Printable.Text(string.Create(CultureInfo.InvariantCulture, $"{step.Step}: {step.Before} -> {step.After}")));
        if (step.Dropped.Count == 0)
            return;
        var table = new TextTable("kind", "name", "shape", "dropped because");
        foreach (var dropped in step.Dropped.Take(MostDropped))
            table.Add(Lower(dropped.Kind), dropped.Name, Shape(dropped.Shape), dropped.Reason);
        table.WriteTo(terminal, indent: 2);
        if (step.Dropped.Count > MostDropped)
            terminal.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  ... and {step.Dropped.Count - MostDropped} more (--json lists all)"));
    }

    static string Lower(Enum word) => word.ToString().ToLowerInvariant();

    static string Shape(IReadOnlyList<string>? shape) => shape is null ? "" : $"[{string.Join(",", shape)}]";

    static string Number(double? value) => value?.ToString("0.##", CultureInfo.InvariantCulture) ?? "";
}
