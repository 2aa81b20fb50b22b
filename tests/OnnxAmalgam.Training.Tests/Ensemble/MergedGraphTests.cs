using CsCheck;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Edits;
using OnnxAmalgam.Teachers;
using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Trainable;
using OnnxAmalgam.Training.Ensemble;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace OnnxAmalgam.Training.Tests.Ensemble;

/// <summary>Merged graphs, with what is equal in them computed once, against each model alone in ONNX Runtime.</summary>
public sealed class MergedGraphTests(TorchvisionModels torchvision)
{
    static readonly string[] Zoo =
    [
        "zoo:resnet(widths=[8,16], blocks=[1,1])", "zoo:resnet(widths=[8,16], blocks=[1,1], block=bottleneck, stem=imagenet)", "zoo:mobilenet(widths=[8,16], blocks=[1,1])",
        "zoo:convmixer(dim=16, depth=2, kernel=3, patch=2)", "zoo:vit(dim=16, depth=2, heads=2, patch=8)",
    ];

    [Theory]
    [InlineData("digits_resnet", "fashion_mixer")]
    [InlineData("cifar_animals", "cifar_animals")]
    [InlineData("cifar_vehicles", "cifar_vehicles")]
    public void Bundled_teachers_of_one_shape_say_the_same_merged(string one, string other) => Agrees([Bundled($"models/teachers/{one}"), Bundled($"models/teachers/{other}")]);

    [Theory]
    [InlineData("resnet_folded_opset11", "resnet_folded_opset13", "resnet_folded_opset17")]
    [InlineData("resnet_batchnorm_opset11", "resnet_batchnorm_opset17", "resnet_training_opset17")]
    [InlineData("mobilenet_opset13", "mobilenet_opset17")]
    [InlineData("vit_opset13", "vit_opset17")]
    [InlineData("dynamo", "encoder")]
    [InlineData("softmax_tail", "tied_weights")]
    [InlineData("paddle_opset11", "external_data")]
    [InlineData("weights_as_inputs", "float16_weights")]
    public void Exports_of_several_opsets_say_the_same_merged(params string[] names)
    {
        OnnxModel[] models = [.. names.Select(n => Bundled($"tests/fixtures/exports/{n}"))];
        foreach (OnnxModel[] alike in models.GroupBy(m => string.Join(',', Anatomy.ImageInput(m).Type.TensorType.Shape.Dim.Skip(1).Select(d => d.DimValue))).Select(g => g.ToArray()))
        {
            Agrees([.. alike, alike[0]]);
        }
    }

    [Theory]
    [InlineData("squeezenet1_1", "mobilenet_v3_small")]
    [InlineData("shufflenet_v2_x0_5", "swin")]
    [InlineData("convnext", "vit")]
    public void Torchvisions_models_say_the_same_merged(string one, string other) => Agrees([OnnxModel.Load(torchvision[one]), OnnxModel.Load(torchvision[other])]);

    [Fact]
    public void A_model_with_If_or_Loop_says_the_same_beside_itself_and_is_computed_once()
    {
        OnnxModel model = Bundled("tests/fixtures/exports/nhwc_tf2onnx");
        OnnxModel merged = Merged([model, model], [Outputs(model), Outputs(model)]);
        Assert.Equal(GraphEdits.Extract(model, Outputs(model)).Proto.Graph.Node.Count, merged.Proto.Graph.Node.Count(n => n.OpType != "Identity"));
        Agrees([model, model]);
    }

    /// <summary>Any choice of architectures and seeds: equal ones are the same network, those of one architecture differ from the first weight on.</summary>
    [Fact]
    public void Any_networks_of_the_zoo_say_the_same_merged() =>
        Gen.Select(Gen.Int[0, Zoo.Length - 1], Gen.Int[1, 2], Gen.Int[2, 5]).Array[2, 4].Sample(
            choice => Agrees([.. choice.Select(c => StudentZoo.Build(Zoo[c.Item1], 3, 32, 32, c.Item3, seed: c.Item2))]), iter: 12, threads: 1);

    static void Agrees(OnnxModel[] models)
    {
        string[][] outputs = [.. models.Select(Outputs)];
        OnnxModel merged = Merged(models, outputs);
        var options = new FrozenModelOptions { Threads = 1 };
        using var scope = NewDisposeScope();
        using var together = new FrozenModel(merged, [.. outputs.SelectMany((o, i) => o.Select(v => $"{i}/{v}"))], options);
        long[] shape = [3, .. together.Input.Shape.Skip(1).Select(d => d < 0 ? 64 : d)];
        Tensor pixels = Tensors.Random(5, shape).to_type(TorchMemory.Dtype(together.Input.Type)).contiguous();
        Tensor[] all = Run(together, pixels);
        int place = 0;
        foreach (var (model, values) in models.Zip(outputs))
        {
            using var alone = new FrozenModel(model, values, options);
            foreach (var (expected, value) in Run(alone, pixels).Zip(values))
            {
                Tensors.Close(expected, all[place++], together.Input.Type == TensorElementType.Float16 ? 1e-3 : 1e-6, $"{model.Name}: {value}");
            }
        }
    }

    static OnnxModel Merged(OnnxModel[] models, string[][] outputs) => GraphEdits.ShareSubexpressions(GraphEdits.Merge([.. models.Select((m, i) =>
        new MergePart(GraphEdits.Extract(m, outputs[i]), $"{i}/") { Inputs = new Dictionary<string, string> { [Anatomy.ImageInput(m).Name] = "image" } })]));

    static string[] Outputs(OnnxModel model) => [Anatomy.Logits(model).Value, Anatomy.AutoTap(model).Value];

    static Tensor[] Run(FrozenModel model, Tensor pixels)
    {
        Tensor[] outputs = [.. model.OutputShapes(pixels.shape).Zip(model.Outputs, (shape, o) => empty(shape, TorchMemory.Dtype(o.Type)))];
        model.Run(TorchMemory.View(pixels), [.. outputs.Select(TorchMemory.View)]);
        return outputs;
    }

    static OnnxModel Bundled(string path) => OnnxModel.Load(Path.Combine(Repository.Root, path + ".onnx"));
}
