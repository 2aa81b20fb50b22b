using System.CommandLine;
using System.Globalization;
using OnnxAmalgam.Cli.Diagnosis;
using OnnxAmalgam.Cli.Reports;
using OnnxAmalgam.Cli.Shell;

namespace OnnxAmalgam.Cli.Commands;

/// <summary><c>doctor</c>: what this machine has, what is missing, and what mends it.</summary>
internal sealed class DoctorCommand : ProgramCommand
{
    readonly Option<bool> json = new("--json") { Description = "Print one JSON document" };

    public DoctorCommand()
        : base("doctor", "Shows versions, native libraries, devices and threads; what is missing and the command that mends it", "onnx-amalgam doctor") =>
        Add(json);

    public override int Run(ParseResult result, Session session)
    {
        var report = Doctor.Examine(session);
        if (result.GetValue(json))
            Json.WriteDocument(session.Terminal, report);
        else
            Print(report, session.Terminal);
        return report.Problems.Count == 0 ? ExitCode.Done : ExitCode.CheckFailed;
    }

    static void Print(DoctorReport r, Terminal terminal)
    {
        var facts = new FactList();
        facts.Add("onnx-amalgam", r.Version);
        facts.Add(".NET", r.Runtime);
        facts.Add("system", $"{r.System}, {r.Architecture}");
        facts.Add("processors", $"{r.Processors} ({(r.Threads is { } threads ? $"{threads} threads asked for" : "one thread each")})");
        facts.Add("memory", Size(r.MemoryBytes));
        facts.Add("ONNX Runtime", r.OnnxRuntime.Version is { } version
            ? $"{version}; {string.Join(", ", r.OnnxRuntime.Providers)}; telemetry {(r.OnnxRuntime.TelemetryIsOff ? "off" : "ON")}"
            : "does not load");
        facts.Add("libtorch", r.Libtorch.Version is { } torch ? $"{torch}; {(r.Libtorch.Problem is null ? "computes" : "does not compute")}" : "does not load");
        if (r.Libtorch.Library is { } library)
            facts.Add("TorchSharp", $"{library}{(r.Libtorch.IsWeakened is { } weak ? $"; GLIBCXX_3.4.32 {(weak ? "weakened" : "required")}" : "")}");
        if (r.Libtorch.Glibcxx is { } glibcxx)
            facts.Add("libstdc++", $"GLIBCXX_{glibcxx}");
        facts.Add("images", r.ImageDecoder.Version is { } skia ? $"SkiaSharp {skia}; decodes" : "SkiaSharp does not load");
        facts.Add("devices", string.Join(", ", r.Devices));
        facts.Add("disk", $"{(r.Disk.FreeBytes is { } free ? $"{Size(free)} free" : "unknown")} in {r.Disk.Path}");
        facts.WriteTo(terminal);
        foreach (var note in r.Notes)
            terminal.Output.WriteLine($"note: {Printable.Text(note)}");
        foreach (var problem in r.Problems)
            terminal.Output.WriteLine($"PROBLEM: {Printable.Text(problem)}");
        terminal.Output.WriteLine(r.Problems.Count == 0 ? "Nothing is missing." : $"{r.Problems.Count} missing.");
    }

    static string Size(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):0.0} GiB");
}
