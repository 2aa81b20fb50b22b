using System.CommandLine;
using System.Diagnostics;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.NoEmit;
using OnnxAmalgam.Benchmarks;

// tools/OnnxAmalgam.Benchmarks: see tools/README.md. Run in the repository's root.
if (args is ["worker", var name, var method, var train, var threadCount, var models])
{
    Setting setting = name.StartsWith("cifar", StringComparison.Ordinal) ? Setting.Cifar(Directory.GetCurrentDirectory()).Sized(name) : Setting.Resnets(models);
    StepWorker.Serve(setting, method, train, int.Parse(threadCount, System.Globalization.CultureInfo.InvariantCulture));
    return 0;
}

if (args is ["parts", ..])
{
    BenchmarkSwitcher.FromAssembly(typeof(MmdBenchmark).Assembly).Run(args.Length > 1 ? args[1..] : ["--filter", "*"], DefaultConfig.Instance.AddJob(Job.ShortRun.WithToolchain(InProcessNoEmitToolchain.Instance)));
    return 0;
}

var threads = new Option<int>("--threads") { Description = "Threads of every side.", DefaultValueFactory = _ => Environment.ProcessorCount };
var rounds = new Option<int>("--rounds") { Description = "Rounds that count; every side works in each.", DefaultValueFactory = _ => 7 };
var seconds = new Option<double>("--seconds") { Description = "About how long a side works in a round.", DefaultValueFactory = _ => 4 };
var only = new Option<string[]>("--only") { Description = "Settings and methods, as cifar/soft, alone (data, scaling) and startup; default: all that can run here.", AllowMultipleArgumentsPerToken = true };
var page = new Option<string?>("--write") { Description = "A page whose measured parts are replaced, as docs/benchmarks.md." };
var command = new RootCommand("Measures a training step of this program beside the same step in plain PyTorch, whole and in parts, in turn.") { threads, rounds, seconds, only, page };
command.SetAction(parsed =>
{
    string? python = FindPython();
    string? folder = python is null ? null : Export(python);
    var comparison = new StepComparison(new ComparisonOptions(parsed.GetValue(threads), parsed.GetValue(rounds), parsed.GetValue(seconds), python));
    List<Setting> settings = [Setting.Cifar(Directory.GetCurrentDirectory()), .. folder is null ? Array.Empty<Setting>() : [Setting.Resnets(folder)]];
    foreach (Setting setting in settings)
    {
        foreach (string method in (string[])["soft", "published"])
        {
            if (parsed.GetValue(only) is { Length: > 0 } chosen && !chosen.Contains($"{setting.Name}/{method}"))
            {
                continue;
            }

            Console.Error.WriteLine($"{setting.Name}, {method}");
            comparison.Run(setting, method, folder);
        }
    }

    string machine = Machine.Describe(comparison.Reference) + $"; {parsed.GetValue(threads)} threads on every side, {parsed.GetValue(rounds)} rounds in turn.";
    foreach (var (part, table) in comparison.Tables.Prepend(("machine", machine)).Concat(Alone(new ComparisonOptions(parsed.GetValue(threads), parsed.GetValue(rounds), parsed.GetValue(seconds), null), parsed.GetValue(only) is { Length: > 0 } some && !some.Contains("alone")))
        .Concat(parsed.GetValue(only) is not { Length: > 0 } named || named.Contains("startup") ? [("startup", Startup.Run())] : []))
    {
        // a table without rows was not asked for
        if (table.StartsWith('|') && table.Count(c => c == '\n') < 3)
        {
            continue;
        }

        Console.WriteLine($"{table}\n");
        if (parsed.GetValue(page) is { } path)
        {
            Document.Write(path, part, table);
        }
    }
});
return command.Parse(args).Invoke();

// What is measured without a yardstick; left out where only some settings are asked for.
static IEnumerable<(string, string)> Alone(ComparisonOptions options, bool some) => some ? [] :
[
    ("data", Pipeline.Run(options.Rounds)),
    ("teachers", Scaling.Teachers(options)),
    ("images", Scaling.Images(options)),
];

// An interpreter that has torch and torchvision, or null with a message.
static string? FindPython()
{
    string[] candidates = [.. new[] { Environment.GetEnvironmentVariable("PYTHON") }.OfType<string>(), "/usr/bin/python3", "python3"];
    foreach (string candidate in candidates)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(candidate, ["-c", "import torch, torchvision, onnx"]) { RedirectStandardError = true })!;
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            if (process.ExitCode == 0)
            {
                return candidate;
            }
        }
        catch (System.ComponentModel.Win32Exception)
        {
            // no such interpreter
        }
    }

    Console.Error.WriteLine("no Python with torch, torchvision and onnx (PYTHON names one; on Debian: python3-torch, python3-torchvision, python3-onnx, libopenblas0-pthread): only this program is measured");
    return null;
}

// torchvision's three networks, written once.
static string Export(string python)
{
    string folder = Path.Combine(Path.GetTempPath(), "onnx-amalgam-bench-models");
    if (!File.Exists(Path.Combine(folder, "resnet18.onnx")))
    {
        using Process process = Process.Start(python, ["tools/reference/export_resnets.py", folder]);
        process.WaitForExit();
    }

    return folder;
}
