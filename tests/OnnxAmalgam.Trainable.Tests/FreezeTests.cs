using Onnx;
using OnnxAmalgam.Graphs;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Tests;

public sealed class FreezeTests
{
    /// <summary>x[4, 2, 5, 5] -> Conv -> BatchNormalization -> Relu -> Conv -> BatchNormalization.</summary>
    static OnnxModel Model(Func<TinyModel, TinyModel>? change = null)
    {
        manual_seed(3);
        TinyModel Norm(TinyModel model, string from, string to, int number) => model
            .Stored($"scale{number}", randn(3)).Stored($"offset{number}", randn(3)).Stored($"mean{number}", randn(3)).Stored($"variance{number}", rand(3).add(0.5))
            .Node("BatchNormalization", $"{from} scale{number} offset{number} mean{number} variance{number}", to);
        var model = new TinyModel().Input("x", zeros(4, 2, 5, 5)).Stored("w1", randn(3, 2, 3, 3)).Node("Conv", "x w1", "a");
        model = Norm(model, "a", "b", 1).Node("Relu", "b", "c").Stored("w2", randn(3, 3, 3, 3)).Node("Conv", "c w2", "d");
        return (change?.Invoke(model) ?? Norm(model, "d", "y", 2)).Output("y").Build();
    }

    /// <summary>Names of the stored tensors that steps of training change.</summary>
    static string[] Changed(TrainableGraph graph)
    {
        using var scope = NewDisposeScope();
        var before = graph.Initializers.Select(p => (p.Key, (Tensor)p.Value)).Concat(graph.Statistics.Select(p => (p.Key, p.Value))).Select(p => (p.Key, p.Item2, Old: p.Item2.clone())).ToArray();
        using var optimizer = optim.SGD(graph.parameters().Where(p => p.requires_grad), 0.1);
        graph.train();
        for (var i = 0; i < 2; i++)
        {
            optimizer.zero_grad();
            graph.forward(randn(4, 2, 5, 5)).sub(randn(4, 3, 1, 1)).pow(4).mean().backward();
            optimizer.step();
        }

        return [.. before.Where(p => !p.Item2.allclose(p.Old, 0, 0)).Select(p => p.Key).Order(StringComparer.Ordinal)];
    }

    [Fact]
    public void What_is_frozen_has_no_gradient_and_its_BatchNormalization_keeps_its_statistics()
    {
        using var graph = new TrainableGraph(Model());
        graph.Freeze(["w1", "scale1", "offset1"]);
        Assert.Equal(["mean2", "offset2", "scale2", "variance2", "w2"], Changed(graph));
        Assert.All(["w1", "scale1", "offset1"], name => Assert.True(graph.Initializers[name] is { requires_grad: false, grad: null }));
    }

    [Fact]
    public void A_BatchNormalization_normalises_with_running_statistics_while_it_is_frozen_and_the_module_trains()
    {
        using var scope = NewDisposeScope();
        using var graph = new TrainableGraph(Model());
        var x = randn(4, 2, 5, 5);
        graph.Freeze(graph.Initializers.Keys.ToArray());
        graph.eval();
        var evaluated = graph.forward(x);
        graph.train();
        Compare.Close(evaluated, graph.forward(x), 0, 0, "frozen in training mode");
        graph.Freeze([]);
        Assert.True((graph.forward(x) - evaluated).abs().max().item<float>() > 0.1);
    }

    [Fact]
    public void One_weight_that_learns_keeps_the_batch_statistics_and_frozen_statistics_alone_do_not()
    {
        using var one = new TrainableGraph(Model());
        one.Freeze(["scale1"]);
        Assert.Equal(["mean1", "mean2", "offset1", "offset2", "scale2", "variance1", "variance2", "w1", "w2"], Changed(one));
        using var statistics = new TrainableGraph(Model());
        statistics.Freeze(["mean1", "variance1"]);
        Assert.Equal(["mean2", "offset1", "offset2", "scale1", "scale2", "variance2", "w1", "w2"], Changed(statistics));
    }

    [Fact]
    public void A_BatchNormalization_in_a_branch_is_frozen_with_the_weights_that_it_captures()
    {
        var branch = new TinyModel().Node("BatchNormalization", "d scale2 offset2 mean2 variance2", "inner").Output("inner").Build().Proto.Graph;
        AttributeProto Body(string name) => new() { Name = name, Type = AttributeProto.Types.AttributeType.Graph, G = branch };
        using var graph = new TrainableGraph(Model(model => model
            .Stored("scale2", ones(3)).Stored("offset2", zeros(3)).Stored("mean2", zeros(3)).Stored("variance2", ones(3)).Stored("always", tensor(true))
            .Node("If", "always", "y", Body("then_branch"), Body("else_branch"))));
        graph.Freeze(["scale2", "offset2"]);
        Assert.Equal(["mean1", "offset1", "scale1", "variance1", "w1", "w2"], Changed(graph));
    }

    [Fact]
    public void A_move_to_another_type_keeps_what_is_frozen()
    {
        using var graph = new TrainableGraph(Model());
        graph.Freeze(["w1"]);
        graph.to(ScalarType.Float64);
        Assert.Equal(ScalarType.Float64, graph.Initializers["w1"].dtype);
        Assert.Equal(["w1"], graph.Initializers.Where(p => !p.Value.requires_grad).Select(p => p.Key));
    }

    [Fact]
    public void A_name_that_is_not_trained_is_refused()
    {
        using var graph = new TrainableGraph(Model());
        Assert.Contains("expected names of tensors that are trained, got 'w3'; closest: 'w", Assert.Throws<InputException>(() => graph.Freeze(["w3"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_file_says_what_is_trained_without_libtorch()
    {
        var (weights, statistics) = TrainingSupport.Trained(Model());
        Assert.Equal(["offset1", "offset2", "scale1", "scale2", "w1", "w2"], weights.Order());
        Assert.Equal(["mean1", "mean2", "variance1", "variance2"], statistics.Order());
    }
}
