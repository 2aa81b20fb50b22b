using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Tests;

public sealed class StudentZooTests
{
    [Theory]
    [InlineData("zoo:resnet(widths=[16,32,64], blocks=[1,1,1])", 1, 28, 28)]
    [InlineData("resnet(widths=[8,16], blocks=[2,1], block=bottleneck, stem=imagenet)", 3, 32, 32)]
    [InlineData("zoo:mobilenet(widths=[8,12,16], blocks=[1,2,1], expansion=3)", 3, 32, 32)]
    [InlineData("zoo:convmixer(dim=16, depth=2, kernel=4, patch=2)", 3, 16, 16)]
    [InlineData("zoo:vit(dim=32, depth=2, heads=4, patch=4)", 3, 16, 16)]
    public void A_student_computes_in_the_trainable_graph_what_it_computes_in_ORT(string expression, int channels, int height, int width)
    {
        using var scope = NewDisposeScope();
        var model = StudentZoo.Build(expression, channels, height, width, 10, seed: 7);
        using var graph = new TrainableGraph(model);
        graph.eval();
        foreach (var batch in (long[])[1, 3])
        {
            var images = randn([batch, channels, height, width]);
            var expected = Ort.Run(model.ToBytes(), new Dictionary<string, Tensor> { ["images"] = images })[0];
            using (no_grad()) Compare.Close(expected, graph.forward(images), 1e-4, 1e-5, expression);
            Assert.Equal([batch, 10], expected.shape);
            Assert.True(expected.std().item<float>() > 1e-3, "a student whose outputs are all alike learns nothing");
        }
    }

    [Theory]
    [InlineData("convmixer(kernel=50000)", "argument 'kernel': expected a positive integer, at most 8192, got '50000'")]
    [InlineData("resnet(widths=[8000,8000], blocks=[1,1])", "expected at most 268435456 elements, got 8000x8000x3x3; choose a smaller student")]
    public void Students_beyond_all_measure_are_refused(string expression, string message) =>
        Assert.Contains(message, Assert.Throws<OnnxAmalgam.Graphs.InputException>(() => StudentZoo.Build(expression, 3, 32, 32, 10, 1)).Message, StringComparison.Ordinal);
}
