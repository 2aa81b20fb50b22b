using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Tests;

public sealed class TrainedTensorTests
{
    [Fact]
    public void A_bias_behind_a_weight_is_trained_and_a_mask_or_a_single_number_is_not()
    {
        using var scope = NewDisposeScope();
        var x = randn(4, 4);
        using var graph = new TrainableGraph(new TinyModel().Input("x", x)
            .Stored("w", randn(4, 4)).Stored("bias", randn(4)).Stored("scale", tensor(0.5f))
            .Stored("mask", triu(full(4, 4, -10000f), 1)).Stored("endless", triu(full(4, 4, float.NegativeInfinity), 1))
            .Node("MatMul", "x w", "h").Node("Add", "h bias", "b").Node("Mul", "b scale", "s").Node("Add", "s mask", "m").Node("Add", "m endless", "y")
            .Output("y").Build());
        Assert.Equal(["bias", "w"], graph.Initializers.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Products_of_one_stored_tensor_with_itself_are_looked_at_once_each()
    {
        using var scope = NewDisposeScope();
        var model = new TinyModel().Input("x", randn(2, 2)).Stored("m0", eye(2));
        for (var i = 0; i < 60; i++) model.Node("MatMul", $"m{i} m{i}", $"m{i + 1}");
        using var graph = new TrainableGraph(model.Node("MatMul", "x m60", "y").Output("y").Build());
        Assert.Equal(["m0"], graph.Initializers.Keys);
    }

    [Fact]
    public void Statistics_that_the_graph_computes_normalise_and_stay()
    {
        using var scope = NewDisposeScope();
        var x = randn(5, 3);
        using var graph = new TrainableGraph(new TinyModel().Input("x", x).Stored("s", rand(3)).Stored("b", randn(3)).Stored("shape", tensor(new[] { 3L }))
            .Node("ConstantOfShape", "shape", "mean").Node("Exp", "mean", "variance").Node("BatchNormalization", "x s b mean variance", "y").Output("y").Build());
        Assert.Empty(graph.Statistics);
        using var guard = no_grad();
        var before = graph.forward(x);
        graph.train();
        Compare.Close(before, graph.forward(x), 0, 0, "in training");
    }
}
