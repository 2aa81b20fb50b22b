using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Edits;
using OnnxAmalgam.Teachers;
using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Trainable;
using OnnxAmalgam.Training.Evaluation;

namespace OnnxAmalgam.Training.Tests.Ensemble;

/// <summary>Inferred types and shapes against what ONNX Runtime really makes of every value.</summary>
public sealed class FactsAgainstRuntimeTests(TorchvisionModels torchvision)
{
    const int Batch = 3;

    [Theory]
    [InlineData("models/teachers/digits_resnet")]
    [InlineData("models/teachers/fashion_mixer")]
    [InlineData("models/teachers/cifar_animals")]
    [InlineData("models/teachers/cifar_vehicles")]
    [InlineData("tests/fixtures/exports/cntk_opset8")]
    [InlineData("tests/fixtures/exports/dynamo")]
    [InlineData("tests/fixtures/exports/encoder")]
    [InlineData("tests/fixtures/exports/float16_graph")]
    [InlineData("tests/fixtures/exports/mobilenet_opset13")]
    [InlineData("tests/fixtures/exports/mobilenet_opset17")]
    [InlineData("tests/fixtures/exports/nhwc_tf2onnx")]
    [InlineData("tests/fixtures/exports/resnet_batchnorm_opset11")]
    [InlineData("tests/fixtures/exports/tied_weights")]
    [InlineData("tests/fixtures/exports/vit_opset13")]
    [InlineData("tests/fixtures/exports/vit_opset17")]
    public void Every_value_of_a_bundled_model_comes_out_as_inferred(string file) => Agrees(OnnxModel.Load(Path.Combine(Repository.Root, file + ".onnx")));

    [Theory]
    [InlineData("densenet121")]
    [InlineData("shufflenet_v2_x0_5")]
    [InlineData("googlenet")]
    [InlineData("swin")]
    [InlineData("convnext")]
    [InlineData("vit")]
    public void Every_value_of_torchvisions_models_comes_out_as_inferred(string name) => Agrees(OnnxModel.Load(torchvision[name]));

    [Theory]
    [InlineData("zoo:resnet(widths=[8,16], blocks=[1,1])")]
    [InlineData("zoo:resnet(widths=[8,16], blocks=[1,1], block=bottleneck, stem=imagenet)")]
    [InlineData("zoo:mobilenet(widths=[8,16], blocks=[1,1])")]
    [InlineData("zoo:convmixer(dim=16, depth=2, kernel=3, patch=2)")]
    [InlineData("zoo:vit(dim=16, depth=2, heads=2, patch=8)")]
    public void Every_value_of_the_zoos_students_comes_out_as_inferred(string expression) => Agrees(StudentZoo.Build(expression, 3, 32, 32, 5, seed: 1));

    static void Agrees(OnnxModel free)
    {
        var symbolic = Facts.Infer(free);
        var model = free.Clone();
        var first = Anatomy.ImageInput(model).Type.TensorType.Shape.Dim[0];
        var symbol = first.DimParam;
        first.DimValue = Batch;
        var facts = Facts.Infer(model);
        string[] values = [.. model.Proto.Graph.Node.SelectMany(node => node.Output).Where(value => value.Length > 0)];
        var exposed = GraphEdits.ExposeOutputs(free, values);
        using var session = new PlainSession(exposed, new FrozenModelOptions { Optimise = false, Threads = 1 });
        using var run = session.Prepare(ModelFeed.Noise(free, ModelFeed.Shapes(free, Batch, [], null), 1));
        var results = session.Outputs.Zip(run.Read()).ToArray();

        Assert.True(results.Length >= values.Length);
        foreach (var (output, data) in results)
        {
            var shape = string.Join(',', data.Shape);
            Assert.True(facts.TryGetValue(output.Name, out var fact), $"'{output.Name}' is not inferred");
            Assert.Equal((output.Name, (int)data.Type, shape), (output.Name, (int)fact.Type, string.Join(',', fact.Shape!)));
            // with a free batch the first axis carries its name, or the size does not depend on it
            Assert.Equal((output.Name, shape), (output.Name, string.Join(',', symbolic[output.Name].Shape!.Select(dim => dim.Symbol == symbol ? Batch.ToString(System.Globalization.CultureInfo.InvariantCulture) : Product(dim)))));
        }

        // 4*N, the only expressions that these models have
        string Product(Dim dim) => dim.Symbol is { } text && text.Split('*') is [var factor, var name] && name == symbol
            ? (long.Parse(factor, System.Globalization.CultureInfo.InvariantCulture) * Batch).ToString(System.Globalization.CultureInfo.InvariantCulture)
            : dim.ToString();
    }
}
