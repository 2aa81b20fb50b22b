using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Tests;

/// <summary>What is measured of the whole process is measured alone.</summary>
[CollectionDefinition(nameof(EvaluationCostTests), DisableParallelization = true)]
[Collection(nameof(EvaluationCostTests))]
public sealed class EvaluationCostTests
{
    const int Nodes = 30, Bytes = 32 << 20;

    [Fact]
    public void Evaluation_frees_every_value_after_its_last_use()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "peak memory is read from /proc");
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var x = rand(Bytes / sizeof(float));
        var model = new TinyModel().Input("x", x);
        for (var i = 0; i < Nodes; i++) model.Node("Sin", i == 0 ? "x" : $"v{i - 1}", $"v{i}");
        using var graph = new TrainableGraph(model.Node("Add", $"v{Nodes - 1} v{Nodes / 2}", "y").Output("y").Build());
        graph.eval();
        graph.forward(x).Dispose();
        File.WriteAllText("/proc/self/clear_refs", "5");
        var before = Peak();

        graph.forward(x).Dispose();

        // one read, one written, and the one that Add waits for
        Assert.InRange(Peak() - before, 2L * Bytes, (long)(3.2 * Bytes));
    }

    [Fact]
    public void What_no_input_has_a_part_in_is_computed_once()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var x = randn(4, 4);
        var model = new TinyModel().Input("x", x).Stored("c0", rand(4, 4)).Stored("s", tensor((long[])[4, 4]));
        for (var i = 0; i < Nodes; i++) model.Node("Sigmoid", $"c{i}", $"c{i + 1}");
        using var graph = new TrainableGraph(model.Node("Reshape", $"c{Nodes} s", "c").Node("Max", "x c", "y").Output("y").Build());
        graph.eval();

        Assert.InRange(Made(), Nodes, int.MaxValue);
        Assert.InRange(Made(), 1, 6);

        long Made()
        {
            var before = DisposeScopeManager.Statistics.CreatedInScopeCount;
            graph.forward(x).Dispose();
            return DisposeScopeManager.Statistics.CreatedInScopeCount - before;
        }
    }

    static long Peak()
    {
        var line = File.ReadLines("/proc/self/status").First(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }
}
