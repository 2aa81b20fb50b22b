using OnnxAmalgam.Graphs;
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

    [Fact]
    public void A_run_killed_before_it_pointed_at_its_best_goes_on_with_it()
    {
        using var scope = NewDisposeScope();
        var tensors = new Dictionary<string, Tensor> { ["w"] = ones(2) };
        var checkpoints = new Checkpoints(folder.Path);
        checkpoints.Save(State(1) with { Epoch = 2, BestEpoch = 1, Best = 0.5 }, tensors, isBest: true);
        string pointer = File.ReadAllText(folder["best"]);
        checkpoints.Save(State(2) with { Epoch = 3, BestEpoch = 2, Best = 0.6 }, tensors, isBest: true);
        File.WriteAllText(folder["best"], pointer);

        var read = checkpoints.LoadLast(acceptOlder: false, Assert.Fail)!.Value.State;
        Assert.Equal(read, checkpoints.SettleBest(read, Assert.Fail));
        Assert.Equal(2, checkpoints.LoadBest()!.Value.State.Step);
        checkpoints.SettleBest(read with { Batch = 3, Step = 9 }, Assert.Fail);
        checkpoints.SettleBest(read with { Epoch = 5, Step = 9 }, Assert.Fail);
        Assert.Equal(2, checkpoints.LoadBest()!.Value.State.Step);
    }

    [Fact]
    public void An_older_checkpoint_does_not_keep_a_best_that_it_knows_nothing_of()
    {
        using var scope = NewDisposeScope();
        var tensors = new Dictionary<string, Tensor> { ["w"] = ones(2) };
        var checkpoints = new Checkpoints(folder.Path);
        checkpoints.Save(State(1) with { Epoch = 2, BestEpoch = 1, Best = 0.5 }, tensors, isBest: true);
        checkpoints.Save(State(2) with { Epoch = 3, BestEpoch = 1, Best = 0.5 }, tensors, isBest: false);
        checkpoints.Save(State(3) with { Epoch = 4, BestEpoch = 3, Best = 0.6 }, tensors, isBest: true);
        string newest = folder["step-000000003.safetensors"];
        File.WriteAllBytes(newest, File.ReadAllBytes(newest)[..^1]);

        var warnings = new List<string>();
        var read = checkpoints.LoadLast(acceptOlder: true, warnings.Add)!.Value.State;
        var settled = checkpoints.SettleBest(read, warnings.Add);
        Assert.Equal((2L, null, 0), (settled.Step, settled.Best, settled.BestEpoch));
        Assert.Null(checkpoints.LoadBest());
        Assert.Contains("the weights of epoch 1, the best up to here, are no longer kept", warnings[^1], StringComparison.Ordinal);
        // killed before it saved: the same again
        Assert.Equal((null, 0), checkpoints.SettleBest(read, warnings.Add) is var again ? (again.Best, again.BestEpoch) : default);
    }

    [Fact]
    public void A_state_that_is_saved_twice_keeps_the_one_before_it_and_what_was_half_written_goes()
    {
        using var scope = NewDisposeScope();
        var checkpoints = new Checkpoints(folder.Path);
        File.WriteAllText(folder[".step-000000003.safetensors.abc.tmp"], "half");
        foreach (int step in (int[])[1, 2, 3, 3])
        {
            checkpoints.Save(State(step), new Dictionary<string, Tensor> { ["w"] = ones(2) }, isBest: false);
        }

        Assert.Equal(["last", "step-000000002.safetensors", "step-000000003.safetensors"], folder.Names.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Tensors_are_read_as_written_and_damage_is_named()
    {
        using var scope = NewDisposeScope();
        string path = folder["t.safetensors"];
        var tensors = new Dictionary<string, Tensor> { ["a"] = randn(3, 5), ["empty"] = empty(0, 2), ["n"] = arange(700_000, ScalarType.Int64), ["scalar"] = tensor(2.5) };
        TensorFile.Write(path, tensors, new Dictionary<string, string> { ["k"] = "v" });
        var (read, metadata) = TensorFile.Read(path);
        Assert.Equal("v", Assert.Single(metadata).Value);
        Assert.All(tensors, t => Assert.True(read[t.Key].equal(t.Value).all().item<bool>() && read[t.Key].shape.SequenceEqual(t.Value.shape)));

        byte[] bytes = File.ReadAllBytes(path);
        foreach (int length in (int[])[0, 7, 40, bytes.Length - 1])
        {
            File.WriteAllBytes(path, bytes[..length]);
            Assert.Contains("expected a whole checkpoint", Assert.Throws<InputException>(() => TensorFile.Read(path)).Message, StringComparison.Ordinal);
        }

        // an older file has a hash of the tensors alone
        byte[] older = [.. bytes];
        int headerBytes = (int)BitConverter.ToInt64(bytes);
        string text = System.Text.Encoding.UTF8.GetString(bytes, 8, headerBytes), hash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes.AsSpan(8 + headerBytes)));
        text = System.Text.RegularExpressions.Regex.Replace(text, "\"sha256_all\":\"[0-9a-f]{64}\"", $"\"sha256\":\"{hash}\"");
        byte[] head = System.Text.Encoding.UTF8.GetBytes(text);
        File.WriteAllBytes(path, [.. BitConverter.GetBytes((long)head.Length), .. head, .. older[(8 + headerBytes)..]]);
        Assert.Equal(tensors.Count, TensorFile.Read(path).Tensors.Count);

        // the header is covered, too: where a run stands lies in it
        long header = 8 + BitConverter.ToInt64(bytes);
        for (int i = 0; i < header; i++)
        {
            byte[] damaged = [.. bytes];
            damaged[i] ^= 1;
            File.WriteAllBytes(path, damaged);
            Assert.Contains("expected a whole checkpoint", Assert.Throws<InputException>(() => TensorFile.Read(path)).Message, StringComparison.Ordinal);
        }

        bytes[^1] ^= 1;
        File.WriteAllBytes(path, bytes);
        Assert.Contains("bytes of SHA-256", Assert.Throws<InputException>(() => TensorFile.Read(path)).Message, StringComparison.Ordinal);
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
