using static OnnxAmalgam.Trainable.Tests.Conformance.Case;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Tests;

public sealed class TrainingModeTests
{
    const double Epsilon = 1e-5;

    [Theory]
    [InlineData(0.9f)]
    [InlineData(0.25f)]
    public void BatchNormalization_trains_with_the_statistics_of_the_batch_and_ONNX_momentum_keeps_the_old_mean(float momentum)
    {
        using var scope = NewDisposeScope();
        var x = randn(4, 3, 2, 5).mul(2).add(1);
        var feeds = new Dictionary<string, Tensor> { ["x"] = x };
        var expected = Ort.Run(Norm(x, momentum, training: true, outputs: "y mean_out variance_out").Output("y", "mean_out", "variance_out").Build().ToBytes(), feeds);
        using var graph = new TrainableGraph(Norm(x, momentum, training: true, outputs: "y").Output("y").Build());
        graph.train();
        using var guard = no_grad();
        Compare.Close(expected[0], graph.forward(x), 1e-5, 1e-5, "normalised by the batch");
        Compare.Close(expected[1], graph.Statistics["mean"], 1e-5, 1e-6, "running mean");

        // ONNX puts the population's variance into the running one, torch (and so this graph) the sample's: n / (n - 1) of it.
        var count = x.numel() / x.shape[1];
        var population = expected[2].sub(Old.mul(momentum)).div(1 - momentum);
        var sample = population.mul((double)count / (count - 1));
        Compare.Close(Old.mul(momentum).add(sample.mul(1 - momentum)), graph.Statistics["variance"], 1e-5, 1e-5, "running variance");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void BatchNormalization_in_evaluation_takes_the_running_statistics_and_leaves_them_whatever_the_file_says(bool training)
    {
        using var scope = NewDisposeScope();
        var x = randn(4, 3, 2, 5);
        using var graph = new TrainableGraph(Norm(x, 0.9f, training, "y").Output("y").Build());
        graph.eval();
        using var guard = no_grad();
        var evaluation = Ort.Run(Norm(x, 0.9f, training: false, "y").Output("y").Build().ToBytes(), new Dictionary<string, Tensor> { ["x"] = x });
        Compare.Close(evaluation[0], graph.forward(x), 1e-5, 1e-5, "evaluation");
        Compare.Close(Old, graph.Statistics["variance"], 0, 0, "running variance");
    }

    [Fact]
    public void BatchNormalization_in_training_mode_has_the_gradient_that_finite_differences_give()
    {
        using var scope = NewDisposeScope();
        var x = randn(3, 3, 2, 2, float64);
        using var graph = new TrainableGraph(Norm(x, 0.9f, training: false, "y").Output("y").Build(), float64);
        graph.train();
        var direction = rand(x.shape, float64);
        var at = x.clone().requires_grad_(true);
        graph.forward(at).mul(direction).sum().backward();
        var slopes = new double[x.numel()];
        using var guard = no_grad();
        for (var i = 0; i < slopes.Length; i++) slopes[i] = (Loss(i, 1e-6) - Loss(i, -1e-6)) / 2e-6;
        Compare.Close(tensor(slopes).reshape(x.shape), at.grad!, 1e-5, 1e-7, "gradient of x");

        double Loss(int place, double step)
        {
            using var inner = NewDisposeScope();
            var moved = x.clone();
            moved.view(-1)[place].add_(step);
            return graph.forward(moved).mul(direction).sum().item<double>();
        }
    }

    [Fact]
    public void A_written_BatchNormalization_is_in_evaluation_form_and_holds_the_statistics_that_training_left()
    {
        using var scope = NewDisposeScope();
        var x = randn(4, 3, 2, 5).mul(3);
        using var graph = new TrainableGraph(Norm(x, 0.5f, training: true, "y unused_mean unused_variance").Output("y").Build());
        graph.train();
        using var guard = no_grad();
        graph.forward(x);
        graph.eval();
        var written = graph.WriteBack();
        var node = Assert.Single(written.Proto.Graph.Node);
        Assert.Equal(["y"], node.Output);
        Assert.Equal(0, node.Attribute.Single(attribute => attribute.Name == "training_mode").I);
        Compare.Close(graph.forward(x), Ort.Run(written.ToBytes(), new Dictionary<string, Tensor> { ["x"] = x })[0], 1e-5, 1e-5, "written");
    }

    [Theory]
    [InlineData(11, false)]
    [InlineData(17, false)]
    [InlineData(17, true)]
    public void Dropout_drops_its_share_in_training_and_nothing_in_evaluation_whatever_the_file_says(int opset, bool training)
    {
        using var scope = NewDisposeScope();
        var x = ones(100, 100);
        var model = new TinyModel(opset).Input("x", x).Output("y");
        if (opset < 12) model.Node("Dropout", "x", "y", A("ratio", 0.3f));
        else model.Stored("ratio", tensor(0.3f)).Stored("training", tensor(training)).Node("Dropout", "x ratio training", "y");
        using var graph = new TrainableGraph(model.Build());
        using var guard = no_grad();
        graph.train();
        var dropped = graph.forward(x);
        var zeros = dropped.eq(0).sum().item<long>();
        Assert.InRange(zeros, 2_700, 3_300);
        Compare.Close(where(dropped.eq(0), tensor(0f), tensor(1 / 0.7f)), dropped, 1e-6, 0, "what is kept is scaled up");
        Assert.False(graph.forward(x).equal(dropped).all().item<bool>(), "two passes dropped the same elements");
        graph.eval();
        Compare.Close(x, graph.forward(x), 0, 0, "evaluation");
        Compare.Close(x, Ort.Run(graph.WriteBack().ToBytes(), new Dictionary<string, Tensor> { ["x"] = x })[0], 0, 0, "written");
    }

    static Tensor Old => tensor([0.5f, 1.5f, 2.5f]);

    static TinyModel Norm(Tensor x, float momentum, bool training, string outputs) => new TinyModel().Input("x", x)
        .Stored("scale", tensor([1f, -2f, 0.5f])).Stored("bias", tensor([0.1f, 0.2f, -0.3f]))
        .Stored("mean", tensor([1f, 0f, -1f])).Stored("variance", Old)
        .Node("BatchNormalization", "x scale bias mean variance", outputs, A("training_mode", training ? 1 : 0), A("momentum", momentum), A("epsilon", (float)Epsilon));
}
