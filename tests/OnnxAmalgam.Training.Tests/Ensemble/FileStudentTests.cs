using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Metadata;
using OnnxAmalgam.Tests.Shared;

namespace OnnxAmalgam.Training.Tests.Ensemble;

/// <summary>Students from .onnx files of every kind that the repository has.</summary>
public sealed class FileStudentTests : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("file-student-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("models/teachers/digits_resnet")]
    [InlineData("models/teachers/fashion_mixer")]
    [InlineData("models/teachers/cifar_animals")]
    [InlineData("models/teachers/cifar_vehicles")]
    [InlineData("tests/fixtures/exports/cntk_opset8")]
    [InlineData("tests/fixtures/exports/dynamo")]
    [InlineData("tests/fixtures/exports/external_data")]
    [InlineData("tests/fixtures/exports/fixed_batch_1")]
    [InlineData("tests/fixtures/exports/fixed_batch_1_reshape")]
    [InlineData("tests/fixtures/exports/float16_weights")]
    [InlineData("tests/fixtures/exports/float16_graph")]
    [InlineData("tests/fixtures/exports/mobilenet_opset13")]
    [InlineData("tests/fixtures/exports/mobilenet_opset17")]
    [InlineData("tests/fixtures/exports/nhwc_tf2onnx")]
    [InlineData("tests/fixtures/exports/paddle_opset11")]
    [InlineData("tests/fixtures/exports/resnet_batchnorm_opset11")]
    [InlineData("tests/fixtures/exports/resnet_batchnorm_opset17")]
    [InlineData("tests/fixtures/exports/resnet_folded_opset13")]
    [InlineData("tests/fixtures/exports/softmax_tail")]
    [InlineData("tests/fixtures/exports/tied_weights")]
    [InlineData("tests/fixtures/exports/vit_opset13")]
    [InlineData("tests/fixtures/exports/vit_opset17")]
    [InlineData("tests/fixtures/exports/weights_as_inputs")]
    public void A_classifier_gets_a_head_for_the_union_learns_and_stays_otherwise_itself(string file)
    {
        var path = Path.Combine(Repository.Root, file + ".onnx");
        using var student = new FileStudent($"{{model: {path}}}");
        var losses = student.Losses(5);
        Assert.True(losses[^1] < losses[0], $"expected the loss to fall, got {string.Join(", ", losses)}");

        var (exported, agreement) = student.Export(Path.Combine(folder, "student.onnx"));
        Assert.True(agreement.Passes, $"{agreement}");
        Assert.Equal(20, Anatomy.Logits(exported).Classes);
        Assert.Equal(student.Setup.Union.Labels, ModelMetadata.Labels(exported)!);
        Assert.Equal(student.Setup.Student.Input, ModelMetadata.Input(exported));
        student.IsOtherwiseTheSame(OnnxModel.Load(path), exported);
    }

    [Theory]
    [InlineData("float16_graph")]
    [InlineData("nhwc_tf2onnx")]
    public void A_whole_run_measures_what_it_delivers(string file)
    {
        using var setup = FileStudent.Open($"{{model: {Fixture(file)}}}", "train.epochs=1");
        using var run = Runs.RunFolder.Create(Path.Combine(folder, "run"), "run");
        var report = AmalgamationRun.Execute(setup, run, resume: false, acceptOlder: false, new Silent(), TestContext.Current.CancellationToken)!;
        Assert.Contains(report.Evaluation, row => row is { Model: "student", Task: "union", Metric: "accuracy_top1" });
        Assert.All(report.Evaluation, row => Assert.True(double.IsFinite(row.Value), $"{row}"));
        Assert.Equal(setup.Student.Input, ModelMetadata.Input(OnnxModel.Load(run.Student)));
    }

    [Fact]
    public void A_file_in_training_form_is_delivered_in_evaluation_form()
    {
        using var student = new FileStudent($"{{model: {Fixture("resnet_training_opset17")}}}", "train.learning_rate=1e-3");
        student.Losses(2);
        var (exported, agreement) = student.Export(Path.Combine(folder, "student.onnx"));

        Assert.True(agreement.Passes, $"{agreement}");
        Assert.DoesNotContain(exported.Proto.Graph.Node, node => node.Int("training_mode") is 1 || (node.OpType == "BatchNormalization" && node.Output.Count > 1));
        Assert.Contains(exported.Proto.Graph.Node, node => node.OpType == "BatchNormalization");
    }

    [Theory]
    [InlineData("models/teachers/cifar_vehicles", TapKind.Spatial)]
    [InlineData("tests/fixtures/exports/nhwc_tf2onnx", TapKind.Spatial)]
    [InlineData("tests/fixtures/exports/vit_opset17", TapKind.Tokens)]
    [InlineData("tests/fixtures/exports/dynamo", TapKind.Spatial)]
    public void Its_default_tap_meets_the_teachers_features_in_the_common_space(string file, TapKind kind)
    {
        using var student = new FileStudent(
            $"{{model: {Path.Combine(Repository.Root, file + ".onnx")}}}",
            "amalgamation={labels: gated, common_space: {channels: 8, blocks: 1}, losses: [{soft_target: {weight: 1, temperature: 1}}, {mmd: {weight: 10, bandwidths: published}}, {reconstruction: {weight: 10}}]}");
        Assert.Equal(kind, student.Setup.Student.Taps.Single().Kind);
        var losses = student.Losses(6);
        Assert.True(losses[^1] < losses[0], $"expected the loss to fall, got {string.Join(", ", losses)}");
        Assert.True(student.Export(Path.Combine(folder, "student.onnx")).Agreement.Passes);
    }

    [Fact]
    public void Its_own_head_is_kept_for_its_own_labels_only()
    {
        string[] digits = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
        string[] one =
        [
            "teachers=[{name: digits, model: " + Path.Combine(Repository.Root, "models/teachers/digits_resnet.onnx") + ", input: {mean: [0.1307], std: [0.3081]}, labels: [\"" + string.Join("\", \"", digits) + "\"]}]",
            "data.unlabelled=[{idx: " + Path.Combine(Repository.Root, "models/demo/data/mnist") + ", split: train, limit: 16, domain: digits}]",
            "data.validate=[{idx: " + Path.Combine(Repository.Root, "models/demo/data/mnist-validate") + ", split: train, limit: 16}]",
            "data.test=[{idx: " + Path.Combine(Repository.Root, "models/demo/data/mnist") + ", split: test, limit: 16}]",
        ];
        var same = Labelled("same.onnx", digits);
        using (var student = new FileStudent($"{{model: {same}, head: keep}}", one))
        {
            Assert.Equal(OnnxModel.Load(same).ToBytes(), student.Setup.Student.Model.ToBytes());
            student.Losses(1);
            Assert.True(student.Export(Path.Combine(folder, "student.onnx")).Agreement.Passes);
        }

        var swapped = Labelled("swapped.onnx", [.. digits.Reverse()]);
        var e = Assert.Throws<InputException>(() => new FileStudent($"{{model: {swapped}, head: keep}}", one));
        Assert.Contains($"student '{swapped}', student.head: expected 'keep' only for a model whose labels are the union (10 labels: 0, 1, 2, 3, 4, ...), got 10 labels: 9, 8, 7, 6, 5, ...; use student.head: replace", e.Message, StringComparison.Ordinal);
        e = Assert.Throws<InputException>(() => new FileStudent($"{{model: {Path.Combine(Repository.Root, "models/teachers/digits_resnet.onnx")}, head: keep}}", one));
        Assert.Contains("got no labels in its metadata; use student.head: replace", e.Message, StringComparison.Ordinal);
        Assert.Throws<InputException>(() => new FileStudent($"{{model: {same}, head: keep}}"));
    }

    [Theory]
    [InlineData("models/teachers/digits_resnet")]
    [InlineData("models/teachers/fashion_mixer")]
    [InlineData("tests/fixtures/exports/vit_opset17")]
    [InlineData("tests/fixtures/exports/tied_weights")]
    public void Random_weights_are_drawn_anew_by_the_seed(string file)
    {
        var path = Path.Combine(Repository.Root, file + ".onnx");
        OnnxModel Drawn(int seed) => FileStudent.Opened($"{{model: {path}, weights: random}}", setup => setup.Student.Model, $"train.seed={seed}");
        var (original, first, again, other) = (OnnxModel.Load(path), Drawn(1), Drawn(1), Drawn(2));

        Assert.Equal(first.ToBytes(), again.ToBytes());
        Assert.Equal(original.Proto.Graph.Node.Select(node => node.OpType), first.Proto.Graph.Node.Select(node => node.OpType));
        var matrices = first.Proto.Graph.Initializer.Where(tensor => tensor.Dims.Count(size => size > 1) > 1 && tensor.DataType == 1).ToArray();
        Assert.NotEmpty(matrices);
        foreach (var tensor in matrices)
        {
            var name = tensor.Name;
            Assert.NotEqual(Raw(other, name), Raw(first, name));
            var drawn = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(Raw(first, name)).ToArray();
            Assert.All(drawn, x => Assert.True(Math.Abs(x) <= 1));
            Assert.True(drawn.Distinct().Count() > drawn.Length / 2, name);
            if (original.Proto.Graph.Initializer.Any(one => one.Name == name && one.Dims.Equals(tensor.Dims)))
                Assert.NotEqual(Raw(original, name), Raw(first, name));
        }
    }

    [Fact]
    public void Random_weights_learn_too()
    {
        using var student = new FileStudent($"{{model: {Fixture("resnet_batchnorm_opset17")}, weights: random}}");
        var losses = student.Losses(5);
        Assert.True(losses[^1] < losses[0], $"expected the loss to fall, got {string.Join(", ", losses)}");
        Assert.True(student.Export(Path.Combine(folder, "student.onnx")).Agreement.Passes);
    }

    [Theory]
    [InlineData("keep")]
    [InlineData("random")]
    public void Operators_that_cannot_be_trained_are_all_listed_when_the_recipe_is_opened(string weights)
    {
        var model = OnnxModel.Load(Fixture("softmax_tail"));
        var nodes = model.Proto.Graph.Node;
        var relu = nodes.Single(node => node.OpType == "Relu");
        (relu.OpType, relu.Name, relu.Domain) = ("Wobble", "wobbler", "com.example");
        model.Proto.OpsetImport.Add(new Onnx.OperatorSetIdProto { Domain = "com.example", Version = 1 });
        var gemm = nodes.Single(node => node.OpType == "Gemm");
        nodes.Insert(nodes.IndexOf(gemm), new Onnx.NodeProto { OpType = "Bernoulli", Name = "tosser", Input = { gemm.Input[0] }, Output = { "tossed" } });
        gemm.Input[0] = "tossed";
        model.Proto.OpsetImport[0].Version = 15;
        model.Proto.Graph.ValueInfo.Add(new Onnx.ValueInfoProto { Name = relu.Output[0], Type = FloatOf("batch", 6, 8, 8) });
        model.Proto.Graph.ValueInfo.Add(new Onnx.ValueInfoProto { Name = "tossed", Type = FloatOf("batch", 6) });
        var path = Path.Combine(folder, "odd.onnx");
        model.Save(path);

        var e = Assert.ThrowsAny<InputException>(() => FileStudent.Opened($"{{model: {path}, weights: {weights}}}", setup => setup));
        Assert.Contains("node 'wobbler' (", e.Message, StringComparison.Ordinal);
        Assert.Contains("node 'tosser' (Bernoulli-15", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_classifier_or_holds_samples_together_is_refused_with_the_reason()
    {
        var e = Assert.Throws<InputException>(() => FileStudent.Opened($"{{model: {Fixture("encoder")}}}", setup => setup));
        Assert.Contains("expected a last Gemm, MatMul or 1x1 Conv that separates image and class scores, got a graph without", e.Message, StringComparison.Ordinal);

        var model = OnnxModel.Load(Fixture("fixed_batch_1"));
        model.Proto.Graph.Node.Single(node => node.OpType == "Relu").OpType = "Custom";
        var path = Path.Combine(folder, "stubborn.onnx");
        model.Save(path);
        e = Assert.Throws<InputException>(() => FileStudent.Opened($"{{model: {path}}}", setup => setup));
        Assert.Contains("expected a free batch, got one fixed to 1 that node '/Relu' (Custom) may depend on; export it with a dynamic first axis", e.Message, StringComparison.Ordinal);
    }

    sealed class Silent : ITrainingObserver
    {
        public void Started(string equation, int epochs, int batches)
        {
        }

        public void Stepped(int epoch, int batch, double imagesPerSecond, TimeSpan left)
        {
        }

        public void EpochEnded(EpochSummary summary)
        {
        }

        public void Warn(string message) => Assert.Fail(message);
    }

    static string Fixture(string name) => Path.Combine(Repository.Root, "tests", "fixtures", "exports", name + ".onnx");

    static byte[] Raw(OnnxModel model, string name) => model.ReadRaw(model.Proto.Graph.Initializer.Single(tensor => tensor.Name == name));

    static Onnx.TypeProto FloatOf(string batch, params long[] sizes) => new()
    {
        TensorType = new Onnx.TypeProto.Types.Tensor
        {
            ElemType = 1,
            Shape = new Onnx.TensorShapeProto { Dim = { new Onnx.TensorShapeProto.Types.Dimension { DimParam = batch }, sizes.Select(size => new Onnx.TensorShapeProto.Types.Dimension { DimValue = size }) } },
        },
    };

    /// <summary>A copy of the digits' teacher that says what its classes are.</summary>
    string Labelled(string name, string[] labels)
    {
        var model = OnnxModel.Load(Path.Combine(Repository.Root, "models/teachers/digits_resnet.onnx"));
        ModelMetadata.Write(model, labels, ModelMetadata.FromGraph(model), new Dictionary<string, string>());
        model.Save(Path.Combine(folder, name));
        return Path.Combine(folder, name);
    }
}
