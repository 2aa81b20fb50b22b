using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Training.Runs;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Running;

/// <summary>What a run writes as it goes: results.csv and checkpoints.</summary>
public sealed class RunFilesTests : IDisposable
{
    readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_resumed_results_csv_forgets_the_rows_that_its_checkpoint_does_not_know()
    {
        string path = Path.Combine(folder.Path, "results.csv");
        var first = new ResultsCsv(path, 0);
        first.Append([("epoch", 1), ("loss", 0.5)]);
        long known = first.Length;
        first.Append([("epoch", 2), ("loss", 0.25)]);

        new ResultsCsv(path, known).Append([("epoch", 2), ("loss", null)]);
        Assert.Equal("epoch,loss\n1,0.5\n2,\n", File.ReadAllText(path));
    }

    [Fact]
    public void The_best_checkpoint_stays_the_best_while_later_ones_come_and_go()
    {
        using var scope = NewDisposeScope();
        var checkpoints = new Checkpoints(folder.Path);
        for (int step = 1; step <= 4; step++)
        {
            checkpoints.Save(State(step), new Dictionary<string, Tensor> { ["w"] = full(2, (float)step) }, isBest: step == 2);
        }

        var best = checkpoints.LoadBest()!.Value;
        Assert.Equal(2, best.State.Step);
        Assert.Equal([2f, 2f], best.Tensors["w"].data<float>().ToArray());
        Assert.Equal(4, checkpoints.LoadLast(acceptOlder: false, Assert.Fail)!.Value.State.Step);
        Assert.Equal(3, Directory.GetFiles(folder.Path, "*.safetensors").Length);
    }

    static TrainingState State(int step) => new()
    {
        Hashes = new Dictionary<string, string>(),
        Threads = 1,
        Epoch = step,
        Batch = 0,
        Step = step,
        Seconds = 0,
        ResultsBytes = 0,
        Best = null,
        BestEpoch = 0,
        Sums = new Dictionary<string, double>(),
    };
}
