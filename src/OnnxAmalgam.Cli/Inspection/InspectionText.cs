using System.Globalization;
using OnnxAmalgam.Cli.Reports;
using OnnxAmalgam.Cli.Shell;
using OnnxAmalgam.Graphs.Metadata;

namespace OnnxAmalgam.Cli.Inspection;

/// <summary>An inspection for reading.</summary>
internal static class InspectionText
{
    const int MostLabels = 12;

    public static void Write(InspectionReport r, Terminal terminal)
    {
        var facts = new FactList();
        facts.Add("model", r.Model);
        facts.Add("made by", $"{(r.Producer.Length == 0 ? "unknown" : r.Producer)}; IR {r.IrVersion}, {string.Join(", ", r.Opsets.Select(o => $"opset {o.Version}{(o.Domain.Length == 0 ? "" : $" of {o.Domain}")}"))}");
        facts.Add("size", string.Create(CultureInfo.InvariantCulture, $"{r.FileBytes:N0} bytes; {r.Parameters:N0} parameters; {(r.Macs is { } macs ? $"{macs:N0}" : "unknown")} multiply-adds an image"));
        foreach (var file in r.ExternalFiles)
            facts.Add("external", string.Create(CultureInfo.InvariantCulture, $"{file.Location}: {file.Bytes:N0} bytes"));
        foreach (var input in r.Inputs)
            facts.Add("input", Describe(input));
        foreach (var output in r.Outputs)
            facts.Add("output", Describe(output));
        facts.Add("scores", Scores(r.Logits));
        facts.Add("head", r.Head is { } head ? $"{head.Operator} '{head.Node}': {head.Features} features to {head.Classes} classes" : "none that could be replaced");
        facts.Add("labels", Labels(r.Labels));
        facts.Add("feed", r.Preprocessing.Input is { } feed ? $"{Feed(feed)} (from {Source(r.Preprocessing.From!)})" : r.Preprocessing.Problem!);
        facts.Add("operators", string.Join(", ", r.Operators.Select(o => $"{o.Name} {o.Count}")));
        if (r.Convolutions is { } convolutions)
            facts.Add("convolutions", Convolutions(convolutions));
        facts.Add("trainable", r.Trainable.IsPossible ? "yes" : $"no: {string.Join("; ", r.Trainable.Reasons)}");
        foreach (var note in r.Notes)
            facts.Add("note", note);
        facts.WriteTo(terminal);
        terminal.Output.WriteLine();
        WriteTaps(r, terminal);
    }

    static void WriteTaps(InspectionReport r, Terminal terminal)
    {
        if (r.AutoTapProblem is { } problem)
            terminal.Output.WriteLine($"taps: auto finds none: {Printable.Text(problem)}");
        if (r.Taps.Count == 0)
            return;
        terminal.Output.WriteLine("Values that can be tapped (> is the one that 'taps: auto' takes; * lies on every path to the scores):");
        var table = new TextTable("", "value", "shape", "stride>", "kind", "module");
        foreach (var tap in r.Taps)
            table.Add(
                tap.IsAuto ? ">" : tap.Dominates ? "*" : "",
                tap.Value,
                Shape(tap.Shape),
                tap.Stride?.ToString("0.##", CultureInfo.InvariantCulture) ?? "",
                $"{tap.Kind}".ToLowerInvariant(),
                tap.ModulePath ?? "");
        table.WriteTo(terminal);
    }

    static string Convolutions(ConvolutionsFinding c) => string.Join(", ", (string[])
    [
        $"{c.Count}: {c.Bare} bare (no normalisation follows)",
        .. c.FollowedBy.Select(o => $"{o.Count} followed by {o.Name}"),
        .. c.LinearLayers > 0 ? new[] { $"{c.LinearLayers} as linear layer{(c.LinearLayers == 1 ? "" : "s")}" } : [],
    ]);

    static string Scores(LogitsFinding logits) => logits.Value is null
        ? logits.Problem!
        : $"'{logits.Value}'{(logits.Classes is { } n ? $", {n} classes" : "")}{(logits.IsProbability ? ", probabilities: their logarithm is used" : "")}{(logits.Note is { } note ? $" ({note})" : "")}";

    static string Labels(LabelsFinding labels) => labels.Names is not { } names
        ? "none found"
        : $"{string.Join(", ", names.Take(MostLabels))}{(names.Count > MostLabels ? $", ... ({names.Count})" : "")} (from {labels.From})";

    static string Feed(InputDescription f) => string.Create(CultureInfo.InvariantCulture,
        $"{f.Height}x{f.Width}, {(f.Channels == 1 ? "grey" : $"{f.Order}".ToLowerInvariant())}, {$"{f.Layout}".ToLowerInvariant()} {$"{f.Dtype}".ToLowerInvariant()}, (x * {f.Scale:0.########} - {List(f.Mean)}) / {List(f.Std)}");

    static string Source(string from) => from == "graph" ? "the graph's input alone; scale, mean and std are the usual ones: check them with predict MODEL IMAGE --recipe RECIPE [--as TEACHER]" : from;

    static string List(IReadOnlyList<double> values) => values.Count == 1
        ? values[0].ToString(CultureInfo.InvariantCulture)
        : $"[{string.Join(", ", values.Select(v => v.ToString(CultureInfo.InvariantCulture)))}]";

    static string Describe(ValueFinding value) => $"'{value.Name}' {value.Type}{(value.Shape is { } shape ? Shape(shape) : "")}";

    static string Shape(IReadOnlyList<string> shape) => $"[{string.Join(",", shape)}]";
}
