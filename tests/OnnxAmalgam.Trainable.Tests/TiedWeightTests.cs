using OnnxAmalgam.Trainable.Operators;
using static OnnxAmalgam.Trainable.Tests.Conformance.Case;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Tests;

public sealed class TiedWeightTests
{
    [Fact]
    public void An_initializer_that_two_nodes_use_is_one_parameter_with_the_sum_of_their_gradients()
    {
        using var scope = NewDisposeScope();
        var (x, w) = (randn(3, 4), randn(4, 4));
        using var tied = new TrainableGraph(new TinyModel().Input("x", x).Stored("w", w.clone())
            .Node("MatMul", "x w", "h").Node("Relu", "h", "a").Node("Gemm", "a w", "y", A("transB", 1)).Output("y").Build());
        using var untied = new TrainableGraph(new TinyModel().Input("x", x).Stored("w1", w.clone()).Stored("w2", w.clone())
            .Node("MatMul", "x w1", "h").Node("Relu", "h", "a").Node("Gemm", "a w2", "y", A("transB", 1)).Output("y").Build());
        tied.forward(x).square().sum().backward();
        untied.forward(x).square().sum().backward();
        Assert.Equal("w", Assert.Single(tied.Initializers).Key);
        Assert.Single(tied.parameters());
        var sum = untied.Initializers["w1"].grad!.add(untied.Initializers["w2"].grad!);
        Compare.Close(sum, tied.Initializers["w"].grad!, 1e-5, 1e-5, "summed gradient");
        Assert.True(untied.Initializers["w2"].grad!.abs().max().item<float>() > 1e-3);
    }

    [Fact]
    public void A_weight_that_is_transposed_on_the_way_is_trained_through_the_transposition()
    {
        using var scope = NewDisposeScope();
        var (x, w) = (randn(3, 4), randn(5, 4));
        using var graph = new TrainableGraph(new TinyModel().Input("x", x).Stored("w", w.clone())
            .Node("Transpose", "w", "wt", A("perm", [1L, 0L])).Node("MatMul", "x wt", "y").Output("y").Build());
        graph.forward(x).sum().backward();
        Compare.Close(ones(3, 5).t().matmul(x), graph.Initializers["w"].grad!, 1e-5, 1e-5, "gradient");
    }

    [Fact]
    public void Statistics_that_are_a_weight_elsewhere_are_refused_by_name()
    {
        using var scope = NewDisposeScope();
        var x = randn(2, 3, 2);
        var model = new TinyModel().Input("x", x).Stored("one", ones(3)).Stored("zero", zeros(3))
            .Node("BatchNormalization", "x one zero zero one", "y").Output("y").Build();
        var refused = Assert.Throws<UnsupportedModelException>(() => new TrainableGraph(model));
        Assert.Contains("'make_y' (BatchNormalization-14)", refused.Message, StringComparison.Ordinal);
        Assert.Contains("'one'", refused.Message, StringComparison.Ordinal);
        Assert.Contains("'zero'", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_refusal_of_shared_statistics_is_said_once_for_all_nodes_and_known_without_building_the_graph()
    {
        using var scope = NewDisposeScope();
        var model = new TinyModel().Input("x", randn(2, 3, 2)).Stored("one", ones(3)).Stored("zero", zeros(3)).Node("Identity", "one", "variance")
            .Node("BatchNormalization", "x one zero zero variance", "h").Node("BatchNormalization", "h one zero zero variance", "y").Output("y").Build();
        var refused = Assert.Throws<UnsupportedModelException>(() => new TrainableGraph(model));
        Assert.StartsWith(
            "model 'tiny.onnx': 2 nodes cannot be trained: node 'make_h' (BatchNormalization-14), node 'make_y' (BatchNormalization-14): "
            + "expected each initializer to be either a weight or a running statistic, got both from 'one', 'zero': ",
            refused.Message, StringComparison.Ordinal);
        Assert.Equal(2, refused.Message.Split("expected each").Length);
        Assert.Equal(refused.Nodes, TrainingSupport.Missing(model));
    }

    [Theory]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    public void Stored_floats_are_read_without_libtorch_as_libtorch_reads_them(ScalarType type)
    {
        using var scope = NewDisposeScope();
        var values = tensor([0.0, -1.5, 3.14159, 1e-3, 250.0, double.NegativeInfinity]).to_type(type);
        var model = new TinyModel().Stored("w", values.clone()).Build();
        var stored = model.Proto.Graph.Initializer[0];
        Assert.Equal([.. values.to_type(ScalarType.Float64).data<double>()], TensorProtos.Numbers(stored, model.ReadRaw(stored)));
    }
}
