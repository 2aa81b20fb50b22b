using System.Diagnostics;
using System.Globalization;
using System.Text;
using OnnxAmalgam.Teachers;
using OnnxAmalgam.Trainable;
using OnnxAmalgam.Training.Ensemble;

namespace OnnxAmalgam.Benchmarks;

/// <summary>A step on a GPU in every variant, and the same method in PyTorch there, in turn.</summary>
/// <param name="options">What and how long; every side uses the first device.</param>
sealed class CudaComparison(ComparisonOptions options)
{
    const string OnProcessor = "processor";
    static readonly string[] Precisions = ["fp32", "bf16"];
    readonly StringBuilder table = new("| setting | method | precision | side | teachers alone, images/s | a step, images/s, median (least to largest) | times PyTorch |\n|---|---|---|---|---|---|---|\n");

    /// <summary>The yardstick's version, once it was started.</summary>
    public string? Reference { get; private set; }

    /// <summary>The table so far.</summary>
    public string Table => table.ToString();

    /// <summary>Why nothing can be measured here, or null.</summary>
    public static string? Obstacle() => TorchRuntime.State() switch
    {
        { Problem: { } problem } => problem,
        { CudaDevices: 0 } state => $"bench-cuda: expected a libtorch with CUDA and a GPU, got libtorch {state.Version} and none; nothing was measured",
        _ => null,
    };

    /// <summary>Where a worker computes: everything on the processor (no word), or the student on the GPU and the teachers on the
    /// processor (<c>processor</c>) or there as well (a <see cref="CudaSchedule"/>).</summary>
    public static ComputeOptions Compute(string placement, int threads) => placement switch
    {
        "" => new ComputeOptions(ComputeDevice.Cpu, threads),
        OnProcessor => new ComputeOptions(new ComputeDevice(IsCuda: true), threads) { TeacherDevice = ComputeDevice.Cpu },
        _ => new ComputeOptions(new ComputeDevice(IsCuda: true), threads) { Schedule = Enum.Parse<CudaSchedule>(placement) },
    };

    /// <summary>Processor, GPU and libraries.</summary>
    public string Machine() => $"{Gpu()}; {Benchmarks.Machine.Describe(Reference)}; {options.Threads} threads on every side, {options.Rounds} rounds in turn.";

    /// <summary>Measures one setting by one method.</summary>
    public void Run(Setting setting, string method, string? models)
    {
        string[] placements = OnnxRuntime.State().HasCuda ? [OnProcessor, .. Enum.GetNames<CudaSchedule>()] : [OnProcessor];
        foreach (string precision in Precisions)
        {
            var workers = new List<WorkerProcess>();
            try
            {
                WorkerProcess? reference = StartReference(setting, method, precision);
                workers.AddRange(reference is null ? [] : [reference]);
                workers.AddRange(placements.Select(p => Start(setting, method, precision, p, models)));
                Measure(setting, method, precision, workers, reference);
            }
            finally
            {
                workers.ForEach(w => w.Dispose());
            }
        }
    }

    void Measure(Setting setting, string method, string precision, List<WorkerProcess> workers, WorkerProcess? reference)
    {
        double[][] Rates(string work) => Pairing.Rates(workers, work, [.. workers.Select(w => Pairing.Count(w, work, options.Seconds))], options.Rounds);
        double[][] alone = Rates("ahead"), steps = Rates("step");
        for (int i = 0; i < workers.Count; i++)
        {
            string times = reference is null || i == 0 ? "" : Cells.Times(steps[i], steps[0]);
            table.Append(Cells.Row(setting.Name, method, precision, Said(workers[i], setting), Cells.Spread(alone[i]), Cells.Spread(steps[i]), times));
        }
    }

    /// <summary>A side's name, and how many of its teachers run as a CUDA graph.</summary>
    static string Said(WorkerProcess worker, Setting setting) => worker.Name != nameof(CudaSchedule.Graph) ? worker.Name
        : $"{worker.Name} ({worker.Greeting.GetProperty("recorded").GetInt32()} of {setting.Teachers.Count} teachers recorded)";

    WorkerProcess Start(Setting setting, string method, string precision, string placement, string? models) =>
        WorkerProcess.Start(placement, Environment.ProcessPath!, ["worker", setting.Name, method, $", precision: {precision}", $"{options.Threads}", models ?? "", placement])
            ?? throw new InvalidOperationException($"worker '{placement}': expected it to start, got the message above");

    WorkerProcess? StartReference(Setting setting, string method, string precision)
    {
        if (options.Python is null)
        {
            return null;
        }

        WorkerProcess? reference = WorkerProcess.Start("PyTorch", options.Python,
            ["tools/reference/step.py", "--setting", setting.Name, "--method", method, "--batch", $"{setting.Batch}", "--threads", $"{options.Threads}", "--device", "cuda", "--precision", precision]);
        Reference ??= reference?.Greeting.GetProperty("torch").GetString();
        return reference;
    }

    /// <summary>What the driver calls the first GPU.</summary>
    static string Gpu()
    {
        using Process process = Process.Start(new ProcessStartInfo("nvidia-smi", ["--query-gpu=name,driver_version", "--format=csv,noheader", "--id=0"]) { RedirectStandardOutput = true })!;
        string[] words = process.StandardOutput.ReadToEnd().Trim().Split(", ");
        process.WaitForExit();
        return words is [var name, var driver] ? string.Create(CultureInfo.InvariantCulture, $"{name} (driver {driver})") : "an unnamed GPU";
    }
}
