using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Teachers;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Recipes;
using TorchSharp;

namespace OnnxAmalgam.Training.Tests.Running;

/// <summary>The demo's teachers and images, with a small common space, two epochs of eight steps.</summary>
static class ShortRun
{
    static readonly string[] Overrides =
    [
        "data.unlabelled.0.limit=128", "data.unlabelled.1.limit=128", "data.validate.0.limit=50", "data.validate.1.limit=50",
        "data.test.0.limit=150", "data.test.1.limit=150", "train.epochs=2", "train.batch=32",
        "amalgamation={labels: gated, common_space: {channels: 8, blocks: 1}, losses: [{soft_target: {weight: 1, temperature: 1}}, {mmd: {weight: 10, bandwidths: published}}, {reconstruction: {weight: 10}}]}",
    ];

    /// <summary>Opens it on one thread; a warning fails the test.</summary>
    public static AmalgamationSetup Open(params string[] further) =>
        Open(Path.Combine(Repository.Root, "models", "demo", "recipe.yaml"), [.. Overrides, .. further]);

    /// <summary>Opens any recipe in the same way. That tiny networks say nothing of their input is no affair of most tests.</summary>
    public static AmalgamationSetup Open(string recipe, string[] overrides, Action<string>? warn = null)
    {
        torch.set_num_threads(1);
        warn ??= message => Assert.Fail(message);
        return AmalgamationSetup.Open(RecipeReader.Read(recipe, overrides), new ComputeOptions(ComputeDevice.Cpu, 1), message =>
        {
            if (!message.Contains(Unstated, StringComparison.Ordinal))
            {
                warn(message);
            }
        });
    }

    /// <summary>What is said of a teacher whose input scale neither file nor recipe states.</summary>
    public const string Unstated = "nothing states how its input is scaled";
}

/// <summary>Remembers what it is told; a warning fails the test. May ask for a stop after a number of steps.</summary>
sealed class Witness(int stopAfter = 0, CancellationTokenSource? stop = null) : ITrainingObserver
{
    int steps;

    /// <summary>What was decided for the user.</summary>
    public List<string> Notes { get; } = [];

    /// <summary>The epochs, in order.</summary>
    public List<EpochSummary> Epochs { get; } = [];

    public void Started(string equation, int epochs, int batches)
    {
    }

    public void Stepped(int epoch, int batch, double imagesPerSecond, TimeSpan left)
    {
        if (++steps == stopAfter)
        {
            stop?.Cancel();
        }
    }

    public void EpochEnded(EpochSummary summary) => Epochs.Add(summary);

    public void Note(string message) => Notes.Add(message);

    public void Warn(string message) => Assert.Fail(message);
}
