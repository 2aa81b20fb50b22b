using System.Globalization;
using System.Text.RegularExpressions;
using OnnxAmalgam.Cli.Tests.Running;
using OnnxAmalgam.Tests.Shared;

namespace OnnxAmalgam.Cli.Tests.Processes;

/// <summary>A signal to a running training: the state is saved, the way on is said, and the end is the uninterrupted run's.</summary>
public sealed class InterruptTests : IDisposable
{
    readonly TempFolder place = new();

    public void Dispose() => place.Dispose();

    [Fact]
    public void A_training_that_is_interrupted_twice_ends_with_the_uninterrupted_ones_bytes()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() || OperatingSystem.IsMacOS(), "signals are sent with kill");
        Train("whole").Ends(0);

        // The first signal comes as soon as training has begun, in the first epoch; the second one after an epoch's line.
        CliResult first = Train("stopped", "INT", "minimising ");
        first.Ends(130);
        AssertSaysHow(first);
        CliResult second = Resume("TERM", "epoch [0-9]+/4  loss");
        second.Ends(143);
        AssertSaysHow(second);
        Assert.Contains(second.ErrorLines, line => Regex.IsMatch(line, "^going on at epoch 1, batch [0-9]+$"));
        Assert.False(File.Exists(place["stopped/student.onnx"]));
        Resume().Ends(0);

        Assert.Equal(File.ReadAllBytes(place["whole/student.onnx"]), File.ReadAllBytes(place["stopped/student.onnx"]));
        Assert.Equal(File.ReadAllText(place["whole/evaluation.csv"]), File.ReadAllText(place["stopped/evaluation.csv"]));
        Assert.Equal(WithoutClock("whole"), WithoutClock("stopped"));
        Assert.DoesNotContain(place.Entries, e => e.EndsWith(".tmp", StringComparison.Ordinal));
    }

    [Fact]
    public void A_second_signal_ends_the_program_within_its_step()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() || OperatingSystem.IsMacOS(), "signals are sent with kill");
        // One step of 800 images through a wide common space takes seconds: the second signal falls into it.
        string[] slow = [.. Long, .. Bundled.Set("train.batch=800", "amalgamation={labels: gated, common_space: {channels: 256, blocks: 3}, losses: [{mmd: {weight: 1}}, {soft_target: {weight: 1}}]}")];
        CliResult result = ChildProcess.Run(place.Path, ChildProcess.Program(["train", Bundled.Recipe, "-o", place["slow"], .. slow]), onErrorLine: (process, line) =>
        {
            if (line.StartsWith("minimising ", StringComparison.Ordinal) || line.StartsWith("stopping ", StringComparison.Ordinal))
            {
                ChildProcess.Signal(process, "INT");
            }
        });
        result.Ends(130);
        Assert.Equal("stopping after this step; once more to stop at once", result.ErrorLines[^1]);
        Assert.DoesNotContain(place.Entries, e => e.EndsWith(".safetensors", StringComparison.Ordinal));
    }

    static string[] Long => [.. Bundled.Short, .. Bundled.Set("data.unlabelled.0.limit=400", "data.unlabelled.1.limit=400", "train.epochs=4")];

    CliResult Train(string folder, string? signal = null, string? after = null) => Run(["train", Bundled.Recipe, "-o", place[folder], .. Long], signal, after);

    CliResult Resume(string? signal = null, string? after = null) => Run(["train", "--resume", "-o", place["stopped"], "--threads", "1"], signal, after);

    CliResult Run(string[] arguments, string? signal, string? after)
    {
        bool sent = false;
        CliResult result = ChildProcess.Run(place.Path, ChildProcess.Program(arguments), onErrorLine: (process, line) =>
        {
            if (signal is not null && !sent && Regex.IsMatch(line, after!))
            {
                sent = true;
                ChildProcess.Signal(process, signal);
            }
        });
        Assert.Equal(signal is not null, sent);
        return result;
    }

    void AssertSaysHow(CliResult result)
    {
        Assert.Equal("", result.Output);
        Assert.Contains("stopping after this step; once more to stop at once", result.ErrorLines);
        Assert.Equal($"interrupted; everything is saved. Go on with: onnx-amalgam train --resume -o {place["stopped"]}", result.ErrorLines[^1]);
    }

    /// <summary>The rows of results.csv but for what a clock says.</summary>
    IEnumerable<string> WithoutClock(string folder) => Table.Read(File.ReadAllText(place[$"{folder}/results.csv"])).Rows
        .Select(r => string.Join(',', r.Where(c => c.Key is not "time" and not "speed/images_per_second").Select(c => c.Value.ToString(CultureInfo.InvariantCulture))));
}
