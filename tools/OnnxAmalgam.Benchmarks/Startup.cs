using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace OnnxAmalgam.Benchmarks;

/// <summary>How long the program takes until it answers: from the start of the process, in turn.</summary>
static class Startup
{
    const int Starts = 10;
    const string FirstStep = "  batch 1/";

    /// <summary>Starts the program as built and, where <c>make publish</c> has made it, as published.</summary>
    /// <returns>A table: medians by the clock, and processor time a start.</returns>
    public static string Run()
    {
        string file = OperatingSystem.IsWindows() ? "onnx-amalgam.exe" : "onnx-amalgam";
        string own = AppContext.BaseDirectory.Replace("tools" + Path.DirectorySeparatorChar + "OnnxAmalgam.Benchmarks", "src" + Path.DirectorySeparatorChar + "OnnxAmalgam.Cli", StringComparison.Ordinal);
        (string Name, string Path)[] programs = [.. new[] { ("as built", Path.Combine(own, file)), ("published, ReadyToRun", Path.GetFullPath(Path.Combine("artifacts", "onnx-amalgam", file))) }.Where(p => File.Exists(p.Item2))];
        var table = new StringBuilder("| what | program | seconds, median (least to largest) | processor seconds a start |\n|---|---|---|---|\n");
        string folder = Path.Combine(Path.GetTempPath(), $"onnx-amalgam-bench-{Environment.ProcessId}");
        foreach (var (what, arguments, until) in new (string, string[], string?)[]
        {
            ("`--help`", ["--help"], null),
            ("`inspect models/teachers/digits_resnet.onnx`", ["inspect", "models/teachers/digits_resnet.onnx"], null),
            ("`train models/demo/recipe.yaml`, to the end of the first step", ["train", "models/demo/recipe.yaml", "--output", folder], FirstStep),
        })
        {
            var seconds = programs.Select(_ => new double[Starts]).ToArray();
            var processor = new double[programs.Length];
            for (int i = -1; i < Starts; i++)
            {
                for (int p = 0; p < programs.Length; p++)
                {
                    double before = ChildrenSeconds();
                    double taken = Start(programs[p].Path, arguments, until);
                    if (i >= 0)
                    {
                        seconds[p][i] = taken;
                        processor[p] += ChildrenSeconds() - before;
                    }

                    if (Directory.Exists(folder))
                    {
                        Directory.Delete(folder, recursive: true);
                    }
                }
            }

            for (int p = 0; p < programs.Length; p++)
            {
                table.Append(string.Create(CultureInfo.InvariantCulture, $"| {what} | {programs[p].Name} | {Pairing.Median(seconds[p]):0.00} ({seconds[p].Min():0.00} to {seconds[p].Max():0.00}) | {processor[p] / Starts:0.00} |\n"));
            }
        }

        return table.ToString();
    }

    /// <summary>Seconds to the end, or to a line on stderr; then it is ended.</summary>
    static double Start(string program, string[] arguments, string? until)
    {
        var clock = Stopwatch.StartNew();
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        while (process.StandardError.ReadLine() is { } line)
        {
            if (until is not null && line.Contains(until, StringComparison.Ordinal))
            {
                double seconds = clock.Elapsed.TotalSeconds;
                process.Kill();
                process.WaitForExit();
                return seconds;
            }
        }

        process.WaitForExit();
        return until is null && process.ExitCode == 0 ? clock.Elapsed.TotalSeconds
            : throw new InvalidOperationException($"'{program} {string.Join(' ', arguments)}': expected {(until is null ? "exit code 0" : $"a line with '{until}'")}, got exit code {process.ExitCode}");
    }

    /// <summary>Processor time of all children that have ended; 0 where /proc does not tell.</summary>
    static double ChildrenSeconds()
    {
        if (!OperatingSystem.IsLinux())
        {
            return 0;
        }

        string[] fields = File.ReadAllText("/proc/self/stat").Split(')')[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return (long.Parse(fields[13], CultureInfo.InvariantCulture) + long.Parse(fields[14], CultureInfo.InvariantCulture)) / 100.0;
    }
}
