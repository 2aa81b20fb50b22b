using System.CommandLine;
using System.Diagnostics;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.NoEmit;
using OnnxAmalgam.Benchmarks;

// tools/OnnxAmalgam.Benchmarks: see tools/README.md. Run in the repository's root.
if (args is ["worker", var name, var method, var train, var threadCount, var models, .. var placement])
{
    Setting setting = name.StartsWith("cifar", StringComparison.Ordinal) ? Setting.Cifar(Directory.GetCurrentDirectory()).Sized(name) : Setting.Resnets(models);
    StepWorker.Serve(setting, method, train, CudaComparison.Compute(placement is [var where] ? where : "", int.Parse(threadCount, System.Globalization.CultureInfo.InvariantCulture)));
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
var only = new Option<string[]>("--only") { Description = "Settings and methods, as cifar/soft, alone (data, scaling), startup, and merged (two teachers as one session), which is measured only where it is named; default: all that can run here but that.", AllowMultipleArgumentsPerToken = true };
var page = new Option<string?>("--write") { Description = "A page whose measured parts are replaced, as docs/speed.md." };
var onGpu = new Command("cuda", "Measures the step on a GPU: teachers on the processor or beside the student, each way to order the two, fp32 and bf16.") { threads, rounds, seconds, only, page };
var recipes = new Argument<string[]>("RECIPE") { Description = "Recipes whose step is measured.", Arity = ArgumentArity.OneOrMore };
var steps = new Option<string?>("--csv") { Description = "Where the rows go (recipe,milliseconds); rows of other recipes in it stay." };
var ofRecipes = new Command("recipes", "Measures the step of each recipe, its teachers computed: the mean of 20 steps, the fastest of --rounds.") { recipes, threads, rounds, steps };
var command = new RootCommand("Measures a training step of this program beside the same step in plain PyTorch, whole and in parts, in turn.") { threads, rounds, seconds, only, page, onGpu, ofRecipes };
onGpu.SetAction(parsed =>
{
    if (CudaComparison.Obstacle() is { } obstacle)
    {
        Console.Error.WriteLine(obstacle);
        return 2;
    }

    var (options, folder) = Start(parsed);
    var comparison = new CudaComparison(options);
    Each(parsed, folder, (setting, method) => comparison.Run(setting, method, folder));
    Publish(parsed, "cuda", $"{comparison.Machine()}\n\n{comparison.Table}");
    return 0;
});
ofRecipes.SetAction(parsed => RecipeSteps.Run(parsed.GetRequiredValue(recipes), parsed.GetValue(rounds), CudaComparison.Compute("", parsed.GetValue(threads)), parsed.GetValue(steps)));
command.SetAction(parsed =>
{
    var (options, folder) = Start(parsed);
    var comparison = new StepComparison(options);
    Each(parsed, folder, (setting, method) =>
    {
        comparison.Run(setting, method, folder);
        Write(comparison.Tables);
    });
    if (comparison.Reference is not null)
    {
        Write([("machine", Machine.Describe(comparison.Reference) + $"; {options.Threads} threads on every side, {options.Rounds} rounds in turn.")]);
    }

    Write(Alone(options with { Python = null }, parsed.GetValue(only) ?? [], folder));
    void Write(IEnumerable<(string Part, string Table)> tables)
    {
        // a table without rows was not asked for
        foreach (var (part, table) in tables.Where(t => !t.Table.StartsWith('|') || t.Table.Count(c => c == '\n') >= 3))
        {
            Publish(parsed, part, table);
        }
    }

    return 0;
});
return command.Parse(args).Invoke();

// What to measure with, and torchvision's networks where a Python has them.
(ComparisonOptions Options, string? Models) Start(ParseResult parsed)
{
    string? python = FindPython();
    return (new ComparisonOptions(parsed.GetValue(threads), parsed.GetValue(rounds), parsed.GetValue(seconds), python), python is null ? null : Export(python));
}

// The settings and methods that were asked for.
void Each(ParseResult parsed, string? folder, Action<Setting, string> measure)
{
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
            measure(setting, method);
        }
    }
}

void Publish(ParseResult parsed, string part, string text)
{
    Console.WriteLine($"{text}\n");
    if (parsed.GetValue(page) is { } path)
    {
        Document.Write(path, part, text);
    }
}

// What is measured without a yardstick; left out where only some settings are asked for.
static IEnumerable<(string, string)> Alone(ComparisonOptions options, string[] only, string? resnets)
{
    if (only.Length == 0 || only.Contains("alone"))
    {
        yield return ("data", Pipeline.Run(options.Rounds));
        yield return ("teachers", Scaling.Teachers(options));
        yield return ("images", Scaling.Images(options));
    }

    if (only.Length == 0 || only.Contains("startup"))
    {
        yield return ("startup", Startup.Run());
    }

    if (only.Contains("merged"))
    {
        yield return ("merged", Merged.Run(options, resnets));
    }
}

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
