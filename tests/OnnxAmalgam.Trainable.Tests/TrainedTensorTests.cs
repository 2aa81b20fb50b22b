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
}
