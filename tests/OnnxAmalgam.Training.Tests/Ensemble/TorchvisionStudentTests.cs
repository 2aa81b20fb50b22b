using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Edits;
using OnnxAmalgam.Teachers;
using OnnxAmalgam.Trainable;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Evaluation;
using OnnxAmalgam.Training.Export;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Ensemble;

/// <summary>What people have: torchvision's architectures as PyTorch exports them.</summary>
public sealed class TorchvisionStudentTests(TorchvisionModels models)
{
    public static TheoryData<string, TapKind> Names => new()
    {
        { "resnet18", TapKind.Spatial },
        { "mobilenet_v2", TapKind.Spatial },
        { "mobilenet_v3_small", TapKind.Spatial },
        { "densenet121", TapKind.Spatial },
        { "efficientnet_b0", TapKind.Spatial },
        { "googlenet", TapKind.Spatial },
        { "regnet_y_400mf", TapKind.Spatial },
        { "shufflenet_v2_x0_5", TapKind.Spatial },
        { "squeezenet1_1", TapKind.Spatial },
        { "vit", TapKind.Tokens },
        { "vit_opset17", TapKind.Tokens },
        { "swin", TapKind.Spatial },
        { "convnext", TapKind.Spatial },
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void It_computes_what_ONNX_Runtime_computes(string name, TapKind kind)
    {
        var model = OnnxModel.Load(models[name]);
        Assert.Equal((kind, true), (Anatomy.AutoTap(model).Kind, Anatomy.AutoTap(model).Dominates));
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var graph = new TrainableGraph(model);
        graph.eval();
        var input = ModelFeed.Noise(model, ModelFeed.Shapes(model, 3, [], null), 1).Single();
        using var session = new PlainSession(model, new FrozenModelOptions { Optimise = false, Threads = 1 });
        using var run = session.Prepare(new Dictionary<string, TensorData> { [input.Key] = input.Value });
        var reference = run.Read()[0];
        var ours = graph.forward(Floats(input.Value));

        var agreement = Agreement.Between(ours, Floats(reference), 1e-5);
        Assert.True(agreement.Passes, $"{agreement}");
        Assert.True(ours.std().item<float>() > 0);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void It_gets_a_head_for_the_union_learns_and_stays_otherwise_itself(string name, TapKind kind)
    {
        using var student = new FileStudent($"{{model: {models[name]}}}");
        var losses = student.Losses(4);
        Assert.True(losses[^1] < losses[0], $"expected the loss to fall, got {string.Join(", ", losses)}");

        var path = models[name] + ".student.onnx";
        var (exported, agreement) = student.Export(path);
        Assert.True(agreement.Passes, $"{agreement}");
        Assert.Equal(kind, Anatomy.AutoTap(exported).Kind);
        if (name is not "swin") // written in evaluation form: its exporter leaves Dropout's training_mode on
            student.IsOtherwiseTheSame(OnnxModel.Load(models[name]), exported);
    }

    [Theory]
    [InlineData("shufflenet_v2_x0_5")]
    [InlineData("vit")]
    [InlineData("swin")]
    public void Exported_for_a_batch_of_one_it_takes_any_and_learns(string name)
    {
        // a session is only freed where it computes the same as the file itself, image by image
        var fixedModel = OnnxModel.Load(models[name + "_fixed"]);
        using (var frozen = new FrozenModel(fixedModel, ["logits"], new FrozenModelOptions { Threads = 1 }))
            Assert.Null(frozen.FixedBatch);

        using var student = new FileStudent($"{{model: {models[name + "_fixed"]}}}");
        var losses = student.Losses(4);
        Assert.True(losses[^1] < losses[0], $"expected the loss to fall, got {string.Join(", ", losses)}");
        Assert.True(student.Export(models[name] + ".freed.onnx").Agreement.Passes);
    }

    [Theory]
    [InlineData("resnet18", 20)]
    [InlineData("densenet121", 58)] // of 59: behind the first one comes the next block's own, as behind every concatenation
    [InlineData("efficientnet_b0", 49)]
    [InlineData("mobilenet_v3_small", 34)]
    public void The_BatchNorm_that_its_export_folded_is_put_back_and_folded_again_without_a_change(string name, int layers)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var setup = FileStudent.Open($"{{model: {models[name]}, normalisation: insert}}");
        using var plain = FileStudent.Open($"{{model: {models[name]}}}");
        using var student = new TrainableGraph(setup.Student.Model);
        StudentNormalisation.Measure(setup, student);
        Assert.Equal(layers, setup.Student.Measured.Count);

        var folded = GraphEdits.FoldNormalisation(student.WriteBack(), out var report);
        Assert.Equal((layers, 0), (report.Folded.Count, report.Kept.Count));
        Assert.Equal(plain.Student.Model.Proto.Graph.Node.Select(node => node.OpType), folded.Proto.Graph.Node.Select(node => node.OpType));
        var input = rand(4, 3, 64, 64);
        var expected = Scores(plain.Student.Model, plain.Student.Logits, input);
        foreach (var model in new[] { student.WriteBack(), folded })
        {
            var agreement = Agreement.Between(Scores(model, setup.Student.Logits, input), expected, 1e-5);
            Assert.True(agreement.Passes, $"{agreement}");
        }
    }

    static Tensor Scores(OnnxModel model, string logits, Tensor input)
    {
        using var graph = new TrainableGraph(model);
        graph.eval();
        return graph.Run(new Dictionary<string, Tensor> { [graph.InputNames[0]] = input }, [logits])[0];
    }

    static Tensor Floats(TensorData data) => tensor([.. data.ToDoubles().Select(x => (float)x)], data.Shape);
}
