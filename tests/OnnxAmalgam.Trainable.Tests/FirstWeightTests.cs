using static OnnxAmalgam.Trainable.Tests.Conformance.Case;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Tests;

public sealed class FirstWeightTests
{
    [Fact]
    public void Recurrent_weights_are_drawn_within_one_over_the_root_of_the_state()
    {
        using var scope = NewDisposeScope();
        var model = new TinyModel().Input("x", randn(4, 1, 2)).Stored("w", zeros(1, 64, 2)).Stored("r", zeros(1, 64, 16)).Stored("b", zeros(1, 128))
            .Node("LSTM", "x w r b", "y", A("hidden_size", 16)).Output("y").Build();
        using var graph = new TrainableGraph(Initialisation.Reinitialise(model, seed: 5));
        Assert.Equal(["b", "r", "w"], graph.Initializers.Keys.Order());
        Assert.All(graph.Initializers, pair => Assert.InRange(pair.Value.abs().max().item<float>(), 0.2f, 0.25f));
    }
}
