using System.Globalization;
using OnnxAmalgam.Cli.Reports;
using OnnxAmalgam.Cli.Shell;
using OnnxAmalgam.Training.Evaluation;

namespace OnnxAmalgam.Cli.Checks;

/// <summary>Checks many models in one process, one after the other.</summary>
internal static class CheckRun
{
    static readonly string[] Columns =
        ["model", "status", "max_difference", "max_difference_after_training", "loss_before", "loss_after", "parameters", "unsupported", "message"];

    /// <summary>Checks every model; with <paramref name="json"/> each row is printed as soon as it is there.</summary>
    public static IReadOnlyList<CheckResult> Run(IReadOnlyList<CheckJob> jobs, ModelCheck check, Session session, bool json)
    {
        Compute.OpenOnProcessor(session);
        var rows = new List<CheckResult>(jobs.Count);
        foreach (var job in jobs)
        {
            if (jobs.Count > 1)
                session.Note($"{rows.Count + 1}/{jobs.Count} {job.Name}");
            rows.Add(check.Run(job));
            if (json)
                Json.WriteLine(session.Terminal, rows[^1]);
        }
        return rows;
    }

    /// <summary>Prints the table, or writes it as CSV.</summary>
    public static void Report(IReadOnlyList<CheckResult> rows, Session session, string? csv, bool json)
    {
        if (csv is not null)
        {
            using var text = new StringWriter();
            CsvTable.Write(text, Columns, rows.Select(r => (IReadOnlyList<object?>)
                [r.Model, Word(r.Status), r.MaxDifference, r.MaxDifferenceAfterTraining, r.LossBefore, r.LossAfter, r.Parameters, string.Join("; ", r.Unsupported), r.Message]));
            TextFile.Write(csv, session.Terminal, text.ToString());
        }
        if (!json && csv != "-")
            Print(rows, session.Terminal);
    }

    /// <summary>A failure outranks an invalid file, and that a pass.</summary>
    public static int ExitCodeOf(IReadOnlyList<CheckResult> rows, bool strict)
    {
        bool Any(CheckStatus status) => rows.Any(r => r.Status == status);
        if (Any(CheckStatus.Fail) || (strict && Any(CheckStatus.Unsupported)))
            return ExitCode.CheckFailed;
        return Any(CheckStatus.Invalid) ? ExitCode.BadInput : ExitCode.Done;
    }

    static void Print(IReadOnlyList<CheckResult> rows, Terminal terminal)
    {
        var table = new TextTable("model", "status", "difference>", "after training>", "loss before>", "after>", "parameters>");
        foreach (var r in rows)
            table.Add(r.Model, Word(r.Status), Text(r.MaxDifference), Text(r.MaxDifferenceAfterTraining), Text(r.LossBefore), Text(r.LossAfter), r.Parameters?.ToString("N0", CultureInfo.InvariantCulture) ?? "");
        table.WriteTo(terminal);
        foreach (var r in rows.Where(r => r.Message is not null))
            terminal.Output.WriteLine($"{Printable.Name(r.Model)}: {Printable.Text(r.Message!.ReplaceLineEndings(" "))}");
        terminal.Output.WriteLine(string.Join(", ", Enum.GetValues<CheckStatus>().Select(s => $"{rows.Count(r => r.Status == s)} {Word(s)}")));
    }

    static string Word(CheckStatus status) => $"{status}".ToLowerInvariant();

    static string Text(double? value) => value?.ToString("0.00e+0", CultureInfo.InvariantCulture) ?? "";
}
