using System.CommandLine;
using System.Globalization;
using OnnxAmalgam.Cli.Reports;
using OnnxAmalgam.Cli.Reports.Pages;
using OnnxAmalgam.Cli.Shell;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Teachers;
using OnnxAmalgam.Training.Comparison;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Cli.Commands;

/// <summary><c>compare</c>: methods against each other, each trained with several seeds, tested on the same images.</summary>
internal sealed class CompareCommand : ProgramCommand
{
    readonly Argument<string[]> recipes = new("RECIPE") { Description = "One recipe a method, each with a name of its own and the same test images", Arity = ArgumentArity.OneOrMore };
    readonly Option<int> seeds = WholeNumberOption.Of("--seeds", "Runs of each method; seeds 1, 2, ... or from --seed on", least: 1, otherwise: 5);
    readonly Option<string?> output = new("--output", "-o") { Description = "Folder of all runs, METHOD/seed-N (default runs/compare-NAME, NAME of the first recipe); finished runs in it are kept, an unfinished one goes on", HelpName = "FOLDER" };
    readonly Option<string?> csv = new("--csv")
    {
        Description = $"Write the rows as CSV; - is stdout. Columns: {string.Join(", ", MethodComparison.Columns)}. row is method (value: mean accuracy; ci: Student's t over seeds), "
            + "baseline (ci: Wilson), or pair (value: difference on the union; ci: over seeds; image_ci: paired bootstrap over images; only_...: images that one of them alone gets right in most seeds, in the first where as many are wrong)",
        HelpName = "FILE",
    };

    readonly Option<string?> page = new("--page") { Description = "Write one HTML page that needs nothing else: charts, tables, in what the recipes differ, seeds, versions", HelpName = "FILE" };
    readonly Option<string[]> set = SetOption.Create("every recipe");
    readonly Option<string?> log = new("--log")
    {
        Description = "A CSV file with a row for each run: runs in it are taken from it, others are added, and folders may be removed. A run is known by its recipe's text (with --set), the files of its networks, its seed and --program",
        HelpName = "FILE",
    };

    readonly Option<string?> program = new("--program") { Description = "What tells builds of the program apart in --log (default: its version)", HelpName = "TEXT" };
    readonly Option<bool> json = new("--json") { Description = "Print one JSON document" };

    public CompareCommand()
        : base("compare", "Trains each recipe with several seeds and tests them on the same images: means, intervals, paired tests", "onnx-amalgam compare models/recipes/mnist-fashion/gated.yaml models/recipes/mnist-fashion/published.yaml --seeds 3 --csv methods.csv")
    {
        Add(recipes);
        foreach (Option option in (Option[])[seeds, output, set, log, program, csv, page, json])
            Add(option);
    }

    public override int Run(ParseResult result, Session session)
    {
        long first = session.Seed ?? 1;
        long[] all = [.. Enumerable.Range(0, result.GetValue(seeds)).Select(i => first + i)];
        string[] paths = result.GetRequiredValue(recipes);
        string[] overrides = SetOption.Read(result, set);
        if (Array.Find(paths, p => CommandLineErrors.IsOverride(p) && !File.Exists(p)) is { } word)
            throw new UsageException($"expected recipes, got '{word}'; did you mean --set {ShellWord.Of(word)}?");
        if (overrides.Any(o => o.StartsWith("train.seed=", StringComparison.Ordinal)))
            throw new UsageException("--set train.seed: expected seeds from --seed and --seeds, which set it for every run; say --seed N for the first");
        var methods = paths.Select(path => all.Select(seed => RecipeReader.Read(path, [.. overrides, Seed(seed)])).ToArray()).ToArray();
        var runLog = result.GetValue(log) is { } logFile ? new RunLog(logFile) : null;
        Check(paths, [.. methods.Select(m => m[0])]);
        RunKey[] keys = runLog is null ? [] : [.. paths.Zip(methods, (path, m) => RunKey.Of(path, overrides, m[0], result.GetValue(program) ?? CommandLine.Version))];
        string folder = Path.GetFullPath(result.GetValue(output) ?? Path.Combine("runs", $"compare-{methods[0][0].Name}"));

        var compute = Compute.OpenTorch(session);
        using var signals = new StopSignals(session);
        var runs = methods.Select(_ => new List<MethodRun>()).ToArray();
        int done = 0;
        foreach (int seed in Enumerable.Range(0, all.Length))
        {
            for (int m = 0; m < methods.Length; m++)
            {
                Recipe recipe = methods[m][seed];
                RunKey? key = runLog is null ? null : keys[m] with { Seed = all[seed] };
                if (key is not null && runLog!.Find(key) is { } logged)
                {
                    session.Note($"{recipe.Name}, seed {all[seed]} ({++done} of {methods.Length * all.Length}): known, from {Printable.Text(result.GetValue(log)!)}");
                    runs[m].Add(logged);
                    continue;
                }

                string at = Path.Combine(folder, recipe.Name, string.Create(CultureInfo.InvariantCulture, $"seed-{all[seed]}"));
                session.Note($"{recipe.Name}, seed {all[seed]} ({++done} of {methods.Length * all.Length}): {Word(MethodRun.StateOf(at))}");
                var progress = new TrainingProgress(session.Terminal.Error, session.Terminal.IsLive, session.IsQuiet);
                if (signals.Stop.IsCancellationRequested || MethodRun.Execute(recipe, at, compute, progress, signals.Stop) is not { } run)
                {
                    session.Terminal.Error.WriteLine($"interrupted; everything is saved in {Printable.Text(folder)}. The same command goes on");
                    return signals.ExitCode;
                }

                if (key is not null)
                    runLog!.Add(recipe.Name, key, run);
                runs[m].Add(run);
            }
        }

        MethodComparison comparison = new([.. methods.Select((m, i) => (m[0].Name, (IReadOnlyList<MethodRun>)runs[i]))], first);
        Report(comparison, result, session, folder, all);
        if (result.GetValue(page) is { } target)
            AtomicFile.WriteText(target, ComparisonPage.Write(new(comparison, [.. methods.Select((m, i) => (m[0], (IReadOnlyList<MethodRun>)runs[i]))], Versions(result, compute))));
        return ExitCode.Done;
    }

    void Report(MethodComparison comparison, ParseResult result, Session session, string folder, long[] all)
    {
        if (result.GetValue(csv) is { } target)
            TextFile.Write(target, session.Terminal, comparison.ToCsv());
        if (result.GetValue(json))
            Json.WriteDocument(session.Terminal, new { Json.SchemaVersion, Folder = folder, Seeds = all, comparison.Methods, comparison.Baselines, comparison.Pairs });
        else if (result.GetValue(csv) != "-")
            ComparisonTable.Write(session.Terminal, comparison);
        session.Note($"runs: {folder}");
    }

    (string Name, string Version)[] Versions(ParseResult result, ComputeOptions compute) =>
    [
        ("onnx-amalgam", CommandLine.Version),
        .. result.GetValue(program) is { } build ? [("--program", build)] : Array.Empty<(string, string)>(),
        ("ONNX Runtime", OnnxRuntime.State().Version),
        ("libtorch", TorchSharp.torch.__version__),
        (".NET", Environment.Version.ToString()),
        ("device", compute.Device.ToString() ?? ""),
        ("threads", compute.Threads.ToString(CultureInfo.InvariantCulture)),
    ];

    static string Seed(long seed) => string.Create(CultureInfo.InvariantCulture, $"train.seed={seed}");

    static string Word(MethodRunState state) => state switch
    {
        MethodRunState.Finished => "finished, kept",
        MethodRunState.Begun => "goes on",
        _ => "starts",
    };

    static void Check(string[] paths, Recipe[] recipes)
    {
        var twice = recipes.Select((r, i) => (r.Name, Path: paths[i])).GroupBy(r => r.Name, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1);
        if (twice is not null)
            throw new InputException($"{string.Join(", ", twice.Select(t => $"'{t.Path}'"))}: expected a 'name' of its own in each recipe, got '{twice.Key}' {twice.Count()} times; it names the method");
        string[] untested = [.. recipes.Select((r, i) => (r, i)).Where(x => x.r.Data.Test is null).Select(x => $"'{paths[x.i]}'")];
        if (untested.Length > 0)
            throw new InputException($"{string.Join(", ", untested)}: expected data.test, got none; methods are selected on the validation part and compared on other images, name them under data.test");
    }
}
