using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using OnnxAmalgam.Cli.Reports;
using OnnxAmalgam.Cli.Shell;
using OnnxAmalgam.Training.Evaluation;

namespace OnnxAmalgam.Cli.Commands;

/// <summary><c>bench</c>: latency, throughput, memory and size of models in ONNX Runtime.</summary>
internal sealed class BenchCommand : ProgramCommand
{
    readonly Argument<string[]> models = new("MODEL") { Description = "One or more .onnx files", Arity = ArgumentArity.OneOrMore };

    readonly Option<int[]> batch = new("--batch")
    {
        Description = "Batch sizes, separated by commas (default 1,8,64)",
        HelpName = "N,N,...",
        CustomParser = ParseBatches,
    };

    readonly Option<int> warmup = WholeNumberOption.Of("--warmup", "Runs before measuring", least: 0, otherwise: 5);
    readonly Option<int> runs = WholeNumberOption.Of("--runs", "Measured runs", least: 1, otherwise: 50);
    readonly Option<string[]> shape = ShapeOption.Create();
    readonly Option<string> csv = new("--csv") { Description = "Write the table as CSV; - is stdout", HelpName = "FILE" };
    readonly Option<bool> json = new("--json") { Description = "Print one JSON document" };

    public BenchCommand()
        : base(
            "bench",
            "Measures latency, throughput, memory and size; models take turns, so that a busy machine meets all alike",
            "onnx-amalgam bench models/teachers/digits_resnet.onnx models/teachers/fashion_mixer.onnx --batch 1,8")
    {
        Add(models);
        foreach (Option option in (Option[])[batch, warmup, runs, shape, csv, json])
            Add(option);
    }

    public override int Run(ParseResult result, Session session)
    {
        var defaults = new BenchmarkOptions();
        var options = new BenchmarkOptions
        {
            Batches = result.GetValue(batch) is { Length: > 0 } sizes ? sizes : [1, 8, 64],
            Warmup = result.GetValue(warmup),
            Runs = result.GetValue(runs),
            Shapes = ShapeOption.Read(result, shape),
            Seed = session.Seed ?? defaults.Seed,
        };
        var rows = LatencyBenchmark.Measure([.. result.GetRequiredValue(models).Select(ModelArgument.OfFile)], Compute.Of(session), options, session.Note);
        if (result.GetValue(csv) is { } target)
            TextFile.Write(target, session.Terminal, BenchmarkRow.ToCsv(rows));
        if (result.GetValue(json))
            Json.WriteDocument(session.Terminal, new { Json.SchemaVersion, Rows = rows });
        else if (result.GetValue(csv) != "-")
            Print(rows, session.Terminal);
        return ExitCode.Done;
    }

    static void Print(IReadOnlyList<BenchmarkRow> rows, Terminal terminal)
    {
        var table = new TextTable("model", "batch>", "p50 ms>", "p90 ms>", "p95 ms>", "p99 ms>", "mean ms>", "images/s>", "peak MiB>", "file KiB>", "parameters>", "MACs>");
        foreach (var r in rows)
            table.Add(
                r.Model, Text(r.Batch, "0"), Text(r.P50Ms), Text(r.P90Ms), Text(r.P95Ms), Text(r.P99Ms), Text(r.MeanMs), Text(r.SamplesPerSec, "0"),
                r.PeakMemoryBytes is { } peak ? Text(peak / 1048576.0, "0.0") : "", Text(r.FileBytes / 1024.0, "0"), Text(r.ParamCount, "N0"), r.Macs is { } macs ? Text(macs, "N0") : "");
        table.WriteTo(terminal);
        if (rows.Count > 0)
            terminal.Output.WriteLine($"{rows[0].Provider}, {rows[0].Device}, {rows[0].Threads} threads; {rows[0].Runs} runs after {rows[0].Warmup}");
    }

    static string Text(double value, string format = "0.000") => value.ToString(format, CultureInfo.InvariantCulture);

    static int[]? ParseBatches(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        var sizes = text.Split(',').Select(t => int.TryParse(t, NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : 0).ToArray();
        if (sizes.All(n => n >= 1))
            return [.. sizes.Distinct()];
        result.AddError($"--batch: expected whole numbers of at least 1, separated by commas, got '{text}'");
        return null;
    }
}
