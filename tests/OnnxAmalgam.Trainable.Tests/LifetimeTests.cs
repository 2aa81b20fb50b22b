using OnnxAmalgam.Trainable.Tests.Conformance;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Tests;

public sealed class LifetimeTests
{
    [Theory]
    [InlineData("resnet(widths=[8,16], blocks=[1,1])")]
    [InlineData("mobilenet(widths=[8,12], blocks=[1,1], expansion=2)")]
    [InlineData("convmixer(dim=8, depth=1, kernel=3, patch=4)")]
    [InlineData("vit(dim=16, depth=1, heads=2, patch=8)")]
    public void No_tensor_stays_alive_after_a_training_step(string expression)
    {
        using var graph = new TrainableGraph(StudentZoo.Build(expression, 3, 16, 16, 4, seed: 1));
        using var x = randn(2, 3, 16, 16);
        using var optimizer = optim.SGD(graph.parameters(), 0.01);
        graph.train();
        Step();
        var before = Alive;
        for (var i = 0; i < 3; i++) Step();
        Assert.Equal(before, Alive);
        graph.eval();
        using (no_grad())
        {
            graph.forward(x).Dispose();
            var evaluated = Alive;
            graph.forward(x).Dispose();
            Assert.Equal(evaluated, Alive);
        }

        void Step()
        {
            using var scope = NewDisposeScope();
            optimizer.zero_grad();
            graph.forward(x).square().mean().backward();
            optimizer.step();
        }
    }

    [Fact]
    public void No_row_leaves_a_tensor_alive_and_a_disposed_graph_leaves_none()
    {
        var leaks = new List<string>();
        foreach (var name in AllCases.Names)
        {
            var c = AllCases.Find(name);
            var before = Alive;
            using (var model = CaseModel.Of(c, c.Rows().First().Opsets[^1], c.Types[0], 2, Placement.Initializers))
            using (var graph = new TrainableGraph(model.Model))
            {
                Run(graph, model);
                var once = Alive;
                Run(graph, model);
                if (Alive != once) leaks.Add($"{name}: {Alive - once} in a run");
            }

            if (Alive != before) leaks.Add($"{name}: {Alive - before} after the graph");
        }

        Assert.Empty(leaks);
    }

    static void Run(TrainableGraph graph, CaseModel model)
    {
        foreach (var output in graph.Run(model.Feeds, model.Outputs)) output.Dispose();
    }

    static long Alive => TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount;
}
