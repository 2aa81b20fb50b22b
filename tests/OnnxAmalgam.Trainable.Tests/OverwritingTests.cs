using TorchSharp;

namespace OnnxAmalgam.Trainable.Tests;

/// <summary>Results are written over inputs that nobody needs: whoever asks for the inner values too must get the same numbers.</summary>
public sealed class OverwritingTests
{
    [Theory]
    [InlineData("zoo:resnet(widths=[8,16], blocks=[2,1])", null)]
    [InlineData("zoo:resnet(widths=[8,16], blocks=[1,1], block=bottleneck)", torch.ScalarType.BFloat16)]
    [InlineData("zoo:mobilenet(widths=[8,16], blocks=[1,2])", null)]
    [InlineData("zoo:convmixer(dim=8, depth=2, patch=2)", null)]
    [InlineData("zoo:vit(dim=16, depth=2, heads=2, patch=4)", null)]
    public void Outputs_and_gradients_are_those_of_a_run_that_keeps_every_value(string network, torch.ScalarType? activations)
    {
        using var graph = new TrainableGraph(StudentZoo.Build(network, 3, 8, 8, 4, seed: 1)) { ActivationDtype = activations };
        string[] inner = [.. graph.WriteBack().Proto.Graph.Node.Select(n => n.Output[0])];
        using var images = torch.rand(4, 3, 8, 8);

        var alone = Step(graph, images, [graph.OutputNames[0]]);
        var observed = Step(graph, images, [graph.OutputNames[0], .. inner]);
        Assert.Equal(alone.Output, observed.Output);
        Assert.Equal(alone.Gradients, observed.Gradients);
    }

    [Fact]
    public void A_value_that_is_asked_for_keeps_its_numbers()
    {
        using var graph = new TrainableGraph(StudentZoo.Build("zoo:resnet(widths=[8], blocks=[1])", 3, 8, 8, 4, seed: 1));
        var model = graph.WriteBack().Proto.Graph;
        string before = model.Node.First(n => n.OpType == "Relu").Input[0];
        using var images = torch.rand(4, 3, 8, 8);
        using var values = graph.Run(new Dictionary<string, torch.Tensor> { [graph.InputNames[0]] = images }, [before])[0];
        using var both = graph.Run(new Dictionary<string, torch.Tensor> { [graph.InputNames[0]] = images }, [before, graph.OutputNames[0]])[0];
        Assert.True(values.min().item<float>() < 0, "nothing that a Relu would change");
        Assert.True(values.equal(both).all().item<bool>());
    }

    /// <summary>Statistics stay as they were: both steps see the same network.</summary>
    static (float[] Output, float[] Gradients) Step(TrainableGraph graph, torch.Tensor images, string[] values)
    {
        using var scope = torch.NewDisposeScope();
        graph.eval();
        var output = graph.Run(new Dictionary<string, torch.Tensor> { [graph.InputNames[0]] = images }, values)[0];
        graph.zero_grad();
        output.square().sum().backward();
        return ([.. output.data<float>()], [.. graph.Initializers.Values.SelectMany(p => p.grad!.contiguous().data<float>())]);
    }
}
