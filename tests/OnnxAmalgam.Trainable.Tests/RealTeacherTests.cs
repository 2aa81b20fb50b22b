using OnnxAmalgam.Graphs;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Tests;

public sealed class RealTeacherTests
{
    [Theory]
    [InlineData("digits_resnet")]
    [InlineData("fashion_mixer")]
    [InlineData("cifar_animals")]
    [InlineData("cifar_vehicles")]
    public void A_real_teacher_computes_what_its_framework_did_and_trains_and_is_written_back(string name)
    {
        using var scope = NewDisposeScope();
        var model = OnnxModel.Load(Shared.Teacher($"{name}.onnx"));
        using var graph = new TrainableGraph(model);
        var input = Npy.Read(Shared.Teacher($"{name}.ref_input.npy"));
        var reference = Npy.Read(Shared.Teacher($"{name}.ref_output0.npy"));
        graph.eval();
        using (no_grad()) Compare.Close(reference, graph.forward(input), rtol: 1e-5, atol: 1e-5, name);

        graph.train();
        using var optimizer = optim.SGD(graph.parameters(), 1e-4);
        var loss = graph.forward(input).square().mean();
        loss.backward();
        Assert.All(graph.Initializers, pair => Assert.True(pair.Value.grad is not null, $"'{pair.Key}' got no gradient"));
        optimizer.step();
        graph.eval();
        var written = graph.WriteBack();
        using var guard = no_grad();
        var trained = graph.forward(input);
        Assert.False(trained.allclose(reference, 1e-4, 1e-4), "one step changed nothing");
        var again = Ort.Run(written.ToBytes(), new Dictionary<string, Tensor> { ["image"] = input })[0];
        Compare.Close(again, trained, rtol: 1e-4, atol: 1e-4, $"{name}, written back");
    }

    [Fact]
    public void The_mean_and_deviation_inside_a_graph_are_not_trained()
    {
        using var graph = TrainableGraph.Load(Shared.Teacher("cifar_vehicles.onnx"));
        Assert.DoesNotContain("sub", graph.Initializers.Keys);
        Assert.DoesNotContain("mul", graph.Initializers.Keys);
        Assert.Contains("net.fc.weight", graph.Initializers.Keys);
        Assert.Equal(44, graph.Initializers.Count);
    }
}
