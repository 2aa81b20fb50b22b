using System.Diagnostics;
using System.Globalization;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Optimisation;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Running;

/// <summary>What a step leaves to the garbage collector must not cut the heap to pieces: a run's memory is what its first steps took. In a process of its own.</summary>
public sealed class StepMemoryTests : IDisposable
{
    const string File = "ONNX_AMALGAM_TEST_STEPS_FILE";
    const int Settled = 20, Steps = 150;
    /// <summary>Activations of a step of this size are some 40 MB. With the collector left to itself the peak grew by 170 MB; with it called, by 2 to 3.</summary>
    const long Bound = 30 << 20;

    const string Recipe = """
        name: steps
        teachers: [{model: a.onnx, labels: [red, green]}]
        student: {model: "zoo:resnet(widths=[16,32,64], blocks=[1,1,1])"}
        data: {size: 32, unlabelled: [{folder: images}]}
        amalgamation: {labels: concat, losses: [{soft_target: {weight: 1, temperature: 1}}]}
        train: {epochs: 1, batch: 64, learning_rate: 1e-3}
        """;

    readonly TinyWorld world = new();

    public void Dispose() => world.Dispose();

    [Fact]
    public void Peak_memory_is_reached_in_the_first_steps()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "peak memory is read from /proc");
        string file = world.Inside("peaks");
        ProcessStartInfo start = new(Environment.ProcessPath!, ["-method", $"*.{nameof(StepMemoryTests)}.{nameof(Work_of_a_child)}", "-explicit", "on"]) { RedirectStandardOutput = true };
        start.Environment[File] = file;
        using var process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, output);
        long[] peaks = [.. System.IO.File.ReadAllLines(file).Select(l => long.Parse(l, CultureInfo.InvariantCulture))];
        TestContext.Current.TestOutputHelper!.WriteLine($"{peaks[0] >> 10} KiB after {Settled} steps, {peaks[1] >> 10} KiB after {Steps} more");
        Assert.True(peaks[1] - peaks[0] < Bound, $"the peak grew from {peaks[0] >> 10} to {peaks[1] >> 10} KiB");
    }

    /// <summary>The work of the process; its peaks are its result.</summary>
    [Fact(Explicit = true)]
    public void Work_of_a_child()
    {
        string? file = Environment.GetEnvironmentVariable(File);
        Assert.SkipWhen(file is null, "a part of the test above");
        set_num_threads(1);
        world.Network("a", "zoo:convmixer(dim=8, depth=1, patch=4)", 2, side: 32).Images("images", 128, _ => (32, 32));
        using AmalgamationSetup setup = world.Open(Recipe);
        using var step = new AmalgamationStep(setup);
        using var loader = new BatchLoader(setup.Train, 64, setup.Recipe.Augment, seed: 1);
        foreach (int steps in (int[])[Settled, Steps])
        {
            for (int i = 0; i < steps; i++)
            {
                ImageBatch batch = loader.Next();
                step.Run(batch, new RatePoint(1e-3));
                loader.Return(batch);
            }

            string peak = System.IO.File.ReadLines("/proc/self/status").First(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
            System.IO.File.AppendAllText(file, $"{1024 * long.Parse(peak.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture)}\n");
        }
    }
}
