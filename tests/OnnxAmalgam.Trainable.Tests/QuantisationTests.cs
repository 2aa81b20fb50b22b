using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Tests;

public sealed class QuantisationTests
{
    [Fact]
    public void The_gradient_passes_straight_through_rounding_and_stops_at_the_limits()
    {
        using var scope = NewDisposeScope();
        var x = tensor([-40f, -1.26f, 0.04f, 1.31f, 40f]);
        using var graph = new TrainableGraph(Pair(x).Build());
        using (no_grad())
        {
            var expected = Ort.Run(Pair(x).Build().ToBytes(), new Dictionary<string, Tensor> { ["x"] = x })[0];
            Compare.Close(expected, graph.forward(x), 1e-6, 1e-6, "rounded without a gradient");
        }

        x.requires_grad_(true);
        var y = graph.forward(x);
        Compare.Close(tensor([-12.8f, -1.3f, 0f, 1.3f, 12.7f]), y.detach(), 1e-6, 1e-6, "rounded with a gradient");
        y.sum().backward();
        Compare.Close(tensor([0f, 1f, 1f, 1f, 0f]), x.grad!, 1e-6, 1e-6, "gradient");
    }

    [Fact]
    public void Weights_before_a_quantisation_are_trained_and_come_back_as_floats()
    {
        using var scope = NewDisposeScope();
        var x = randn(3, 4);
        using var graph = new TrainableGraph(new TinyModel().Input("x", x).Stored("w", randn(4, 2)).Stored("scale", tensor(0.1f)).Stored("zero", tensor((sbyte)0))
            .Node("QuantizeLinear", "w scale zero", "q").Node("DequantizeLinear", "q scale zero", "wq").Node("MatMul", "x wq", "y").Output("y").Build());
        Assert.Equal(["w"], graph.Initializers.Keys);
        graph.forward(x).sum().backward();
        Compare.Close(x.t().matmul(ones(3, 2)), graph.Initializers["w"].grad!, 1e-4, 1e-5, "gradient of the weight");
        using var guard = no_grad();
        Compare.Close(Ort.Run(graph.WriteBack().ToBytes(), new Dictionary<string, Tensor> { ["x"] = x })[0], graph.forward(x), 1e-5, 1e-5, "written");
    }

    static TinyModel Pair(Tensor x) => new TinyModel().Input("x", x).Stored("scale", tensor(0.1f)).Stored("zero", tensor((sbyte)0))
        .Node("QuantizeLinear", "x scale zero", "q").Node("DequantizeLinear", "q scale zero", "y").Output("y");

    [Fact]
    public void Scales_are_no_weights_and_what_is_stored_in_integers_is_not_trained()
    {
        using var scope = NewDisposeScope();
        var x = randn(3, 4);
        using var graph = new TrainableGraph(new TinyModel().Input("x", x).Stored("w", randint(-9, 9, [4, 2], ScalarType.Int8)).Stored("scale", rand(2)).Stored("bias", randn(2))
            .Node("DequantizeLinear", "w scale", "wq").Node("MatMul", "x wq", "h").Node("Add", "h bias", "y").Output("y").Build());
        Assert.Empty(graph.Initializers);
    }
}
