using System.Text;
using System.Text.Json;

namespace OnnxAmalgam.Benchmarks;

/// <summary>What is compared, and how long.</summary>
/// <param name="Threads">Of every side.</param>
/// <param name="Rounds">Rounds that count.</param>
/// <param name="Seconds">About how long a round of one side takes.</param>
/// <param name="Python">An interpreter with torch and torchvision; null: the yardstick is left out.</param>
sealed record ComparisonOptions(int Threads, int Rounds, double Seconds, string? Python);

/// <summary>A step of this program and of the same method in plain PyTorch, whole and in parts, in turn.</summary>
sealed class StepComparison(ComparisonOptions options)
{
    const string Cached = ", cache: {folder: kept, views: 1}";
    static readonly (string Name, string Train)[] Ours = [("fp32", ""), ("auto", ", precision: auto"), ("fp32, cached", Cached), ("auto, cached", ", precision: auto" + Cached)];
    readonly StringBuilder steps = new("| setting | method | side | images/s, median (least to largest) | times the yardstick | peak memory | waits for data |\n|---|---|---|---|---|---|---|\n");
    readonly StringBuilder parts = new("| setting | part | yardstick, images/s | this program, images/s | times |\n|---|---|---|---|---|\n");
    readonly StringBuilder profile = new("| setting | method | precision | teachers | student forward | losses | backward | optimiser |\n|---|---|---|---|---|---|---|---|\n");
    readonly StringBuilder matrix = new("| setting | precision | student alone, ms a step | its matrix work at the measured rate, ms | share |\n|---|---|---|---|---|\n");

    /// <summary>The yardstick's version, once it was started.</summary>
    public string? Reference { get; private set; }

    /// <summary>The tables so far, by the name of their part of the page.</summary>
    public IEnumerable<(string Name, string Table)> Tables => [("steps", steps.ToString()), ("parts", parts.ToString()), ("profile", profile.ToString()), ("matrix", matrix.ToString())];

    /// <summary>Measures one setting by one method.</summary>
    public void Run(Setting setting, string method, string? models)
    {
        var workers = new List<WorkerProcess>();
        try
        {
            WorkerProcess? reference = StartReference(setting, method);
            workers.AddRange(reference is null ? [] : [reference]);
            foreach (var (name, train) in Ours)
            {
                workers.Add(WorkerProcess.Start(name, Environment.ProcessPath!, ["worker", setting.Name, method, train, $"{options.Threads}", models ?? ""])
                    ?? throw new InvalidOperationException($"worker '{name}': expected it to start, got the message above"));
            }

            Whole(setting, method, workers, reference);
            Parts(setting, method, workers, reference);
        }
        finally
        {
            workers.ForEach(w => w.Dispose());
        }
    }

    WorkerProcess? StartReference(Setting setting, string method)
    {
        if (options.Python is null)
        {
            return null;
        }

        WorkerProcess? reference = WorkerProcess.Start("PyTorch", options.Python,
            ["tools/reference/step.py", "--setting", setting.Name, "--method", method, "--batch", $"{setting.Batch}", "--threads", $"{options.Threads}"]);
        Reference ??= reference?.Greeting.GetProperty("torch").GetString();
        return reference;
    }

    void Whole(Setting setting, string method, List<WorkerProcess> workers, WorkerProcess? reference)
    {
        // One epoch fills the cache: what is measured is an epoch after the first.
        foreach (WorkerProcess cached in workers.Where(w => w.Name.EndsWith("cached", StringComparison.Ordinal)))
        {
            cached.Do("step", setting.Images / setting.Batch);
        }

        int count = Pairing.Count(workers[^1], "step", options.Seconds);
        double[][] rates = Pairing.Rates(workers, "step", count, options.Rounds);
        for (int i = 0; i < workers.Count; i++)
        {
            string side = workers[i].Greeting.TryGetProperty("precision", out JsonElement precision) && workers[i].Name.StartsWith("auto", StringComparison.Ordinal)
                ? $"{workers[i].Name} ({precision.GetString()})" : workers[i].Name;
            double memory = workers[i].Ask("memory").GetProperty("peak_bytes").GetDouble();
            steps.Append(Cells.Row(setting.Name, method, side, Cells.Spread(rates[i]), reference is null || i == 0 ? "" : Cells.Times(rates[i], rates[0]), Cells.Text($"{memory / 1e6:0} MB"),
                workers[i] == reference ? "" : Cells.Text($"{100 * workers[i].Ask("waited").GetProperty("share").GetDouble():0.0} %")));
        }
    }

    void Parts(Setting setting, string method, List<WorkerProcess> workers, WorkerProcess? reference)
    {
        WorkerProcess wide = workers.First(w => w.Name == "fp32");
        foreach (string work in (string[])(method == "soft" ? ["data", "teachers", "student"] : ["student"]))
        {
            List<WorkerProcess> sides = [.. reference is null ? Array.Empty<WorkerProcess>() : [reference], wide];
            double[][] rates = Pairing.Rates(sides, work, Pairing.Count(wide, work, options.Seconds), options.Rounds);
            string what = work == "student" ? $"student and losses, {method}" : work;
            parts.Append(Cells.Row(setting.Name, what, reference is null ? "" : Cells.Spread(rates[0]), Cells.Spread(rates[^1]), reference is null ? "" : Cells.Times(rates[^1], rates[0])));
        }

        foreach (WorkerProcess worker in workers.Where(w => w.Name is "fp32" or "auto"))
        {
            string precision = worker.Greeting.GetProperty("precision").GetString()!;
            JsonElement phases = worker.Ask($"profile {Pairing.Count(worker, "student", options.Seconds)}");
            double Phase(string name) => phases.GetProperty(name).GetDouble();
            profile.Append(Cells.Row([setting.Name, method, precision, .. new[] { "teachers", "student forward", "losses", "backward", "optimiser" }.Select(p => Cells.Text($"{Phase(p):0.0} ms"))]));
            if (method == "soft")
            {
                double step = Phase("student forward") + Phase("backward") + Phase("losses") + Phase("optimiser");
                double rate = worker.Ask("matmul 1024").GetProperty("macs_per_second").GetDouble();
                double ideal = 1000 * 3.0 * setting.Batch * worker.Ask("macs").GetProperty("student").GetDouble() / rate;
                matrix.Append(Cells.Row(setting.Name, precision, Cells.Text($"{step:0.0}"), Cells.Text($"{ideal:0.0} ({2 * rate / 1e9:0} GFLOP/s)"), Cells.Text($"{100 * ideal / step:0} %")));
            }
        }
    }
}
