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

    [Fact]
    public void A_convolution_is_drawn_within_one_over_the_root_of_what_an_output_sums_over()
    {
        using var scope = NewDisposeScope();
        var model = new TinyModel().Input("x", randn(1, 2, 5, 5)).Stored("w", zeros(64, 2, 3, 3)).Node("Conv", "x w", "y").Output("y").Build();
        using var graph = new TrainableGraph(Initialisation.Reinitialise(model, seed: 5));
        var bound = 1 / MathF.Sqrt(2 * 3 * 3);
        Assert.InRange(graph.Initializers["w"].abs().max().item<float>(), 0.95f * bound, bound);
    }

    [Fact]
    public void A_convolution_before_a_ReLU_is_normal_by_its_fan_out_its_bias_nothing_and_what_is_not_named_stays()
    {
        using var scope = NewDisposeScope();
        var model = new TinyModel().Input("x", randn(1, 4, 5, 5)).Stored("w", ones(64, 4, 3, 3)).Stored("b", ones(64)).Node("Conv", "x w b", "y")
            .Stored("v", ones(8, 64, 1, 1)).Stored("c", ones(8)).Node("Conv", "y v c", "z").Output("z").Build();
        using var graph = new TrainableGraph(Initialisation.Reinitialise(model, seed: 5, name => name is "w" or "b" ? FirstWeightRule.KaimingNormal : name == "c" ? FirstWeightRule.Default : null));
        var deviation = MathF.Sqrt(2f / (64 * 9));
        Assert.InRange(graph.Initializers["w"].std().item<float>(), 0.95f * deviation, 1.05f * deviation);
        Assert.InRange(graph.Initializers["w"].abs().max().item<float>(), 2.5f * deviation, 6f * deviation);
        Assert.InRange(graph.Initializers["w"].mean().item<float>(), -0.1f * deviation, 0.1f * deviation);
        Assert.Equal(0, graph.Initializers["b"].abs().max().item<float>());
        Assert.InRange(graph.Initializers["c"].abs().max().item<float>(), 1e-3f, 1 / 8f);
        Assert.True(graph.Initializers["v"].eq(1).all().item<bool>());
    }

    [Fact]
    public void A_draw_does_not_depend_on_what_else_is_drawn()
    {
        var model = StudentZoo.Build("zoo:resnet(widths=[4,8], blocks=[1,1])", 3, 8, 8, 5, seed: 1);
        var name = model.Proto.Graph.Initializer[0].Name;
        var (all, one) = (Initialisation.Reinitialise(model, seed: 9), Initialisation.Reinitialise(model, seed: 9, other => other == name ? FirstWeightRule.Default : null));
        Assert.Equal(all.ReadRaw(all.Proto.Graph.Initializer[0]), one.ReadRaw(one.Proto.Graph.Initializer[0]));
        Assert.NotEqual(model.ReadRaw(model.Proto.Graph.Initializer[0]), one.ReadRaw(one.Proto.Graph.Initializer[0]));
        Assert.Equal(model.ReadRaw(model.Proto.Graph.Initializer[1]), one.ReadRaw(one.Proto.Graph.Initializer[1]));
    }

    [Fact]
    public void The_same_seed_gives_the_same_bytes_and_another_seed_other_weights()
    {
        const string student = "zoo:resnet(widths=[4,8], blocks=[1,1])";
        byte[] Built(long seed) => StudentZoo.Build(student, 3, 8, 8, 5, seed).ToBytes();
        byte[] Redrawn(long seed) => Initialisation.Reinitialise(StudentZoo.Build(student, 3, 8, 8, 5, seed: 1), seed).ToBytes();
        Assert.Equal(Built(7), Built(7));
        Assert.Equal(Redrawn(7), Redrawn(7));
        Assert.NotEqual(Built(7), Built(8));
        Assert.NotEqual(Redrawn(7), Redrawn(8));
    }
}
