using Microsoft.ML.OnnxRuntime;
using OnnxAmalgam.Graphs;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Tests;

/// <summary>Files as ONNX Runtime's optimiser saves them, with operators of its own in them.</summary>
public sealed class OrtOptimisedTests
{
    [Theory]
    [InlineData("resnet(widths=[8,16], blocks=[1,1])", "FusedConv")]
    [InlineData("mobilenet(widths=[8,12], blocks=[1,1], expansion=2)", "FusedConv")]
    [InlineData("convmixer(dim=8, depth=1, kernel=3, patch=4)", "Gelu")]
    [InlineData("vit(dim=16, depth=2, heads=2, patch=8)", "SkipLayerNormalization")]
    public void An_optimised_student_still_trains_and_is_written_back(string expression, string fused)
    {
        using var scope = NewDisposeScope();
        var folder = Directory.CreateTempSubdirectory("optimised-");
        try
        {
            var model = OnnxModel.Load(Optimised(Trained(StudentZoo.Build(expression, 3, 16, 16, 4, seed: 3)), folder.FullName));
            Assert.Contains(model.Proto.Graph.Node, node => node.OpType == fused && node.Domain == "com.microsoft");
            using var graph = new TrainableGraph(model);
            var images = randn(2, 3, 16, 16);
            Agree(graph, model, images, "as optimised");
            graph.train();
            using var optimizer = optim.SGD(graph.parameters(), 0.01);
            graph.forward(images).square().mean().backward();
            Assert.All(graph.Initializers, pair => Assert.True(pair.Value.grad is not null, $"'{pair.Key}' got no gradient"));
            optimizer.step();
            Agree(graph, graph.WriteBack(), images, "written");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>The optimiser makes one of equal initializers, and fresh weights and statistics are equal.</summary>
    static OnnxModel Trained(OnnxModel model)
    {
        using var graph = new TrainableGraph(model);
        using var optimizer = optim.SGD(graph.parameters(), 0.1);
        graph.forward(randn(4, 3, 16, 16)).square().mean().backward();
        optimizer.step();
        return graph.WriteBack();
    }

    static void Agree(TrainableGraph graph, OnnxModel model, Tensor images, string what)
    {
        using var guard = no_grad();
        graph.eval();
        var expected = Ort.Run(model.ToBytes(), new Dictionary<string, Tensor> { ["images"] = images })[0];
        Compare.Close(expected, graph.forward(images), 1e-4, 1e-5, what);
    }

    static string Optimised(OnnxModel model, string folder)
    {
        var path = Path.Combine(folder, "optimised.onnx");
        using var options = new SessionOptions { GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_EXTENDED, OptimizedModelFilePath = path, IntraOpNumThreads = 1 };
        using var session = new InferenceSession(model.ToBytes(), options);
        return path;
    }
}
