using Onnx;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Evaluation;
using OnnxAmalgam.Training.Export;
using OnnxAmalgam.Training.Runs;
using OnnxAmalgam.Training.Tests.Running;
using OnnxAmalgam.Trainable;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Ensemble;

/// <summary><c>student.normalisation</c> on exported networks, taught by the demo's teachers.</summary>
public sealed class StudentNormalisationTests : IDisposable
{
    const double Tolerance = 1e-5;

    readonly string folder = Directory.CreateTempSubdirectory("normalisation-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("models/teachers/digits_resnet", 9)]
    [InlineData("models/teachers/cifar_animals", 15)]
    [InlineData("models/teachers/cifar_vehicles", 21)]
    [InlineData("tests/fixtures/exports/resnet_folded_opset11", 7)]
    [InlineData("tests/fixtures/exports/tied_weights", 3)]
    [InlineData("tests/fixtures/exports/float16_weights", 1)]
    [InlineData("tests/fixtures/exports/external_data", 1)]
    public void Inserted_layers_hold_what_was_measured_and_the_student_computes_what_it_did(string file, int layers)
    {
        string path = Path.Combine(Repository.Root, file + ".onnx");
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using AmalgamationSetup setup = FileStudent.Open($"{{model: {path}, normalisation: insert}}");
        using AmalgamationSetup bare = FileStudent.Open($"{{model: {path}}}");
        using var student = new TrainableGraph(setup.Student.Model);
        using var before = new TrainableGraph(bare.Student.Model);
        Assert.Equal(32, StudentNormalisation.Measure(setup, student));

        Assert.Equal(layers, setup.Student.Measured.Count);
        Assert.False(student.training);
        Tensor x = AllImages(setup);
        before.eval();
        Same(Run(before, x, bare.Student.Logits), Run(student, x, setup.Student.Logits), Tolerance, "scores");
        foreach (NormalisationLayer layer in setup.Student.Measured)
        {
            Tensor value = Run(student, x, layer.Input).transpose(0, 1).flatten(1).to_type(ScalarType.Float64);
            Same(value.mean([1]), student.Statistics[layer.Mean], 1e-4, layer.Mean);
            Same(value.var(1), student.Statistics[layer.Variance], 1e-4, layer.Variance);
        }
    }

    [Fact]
    public void A_channel_that_never_varies_and_one_far_from_zero_stay_what_they_were_and_train()
    {
        string path = Path.Combine(folder, "odd.onnx");
        var odd = OnnxModel.Load(Path.Combine(Repository.Root, "models", "teachers", "digits_resnet.onnx"));
        NodeProto first = odd.Proto.Graph.Node.First(node => node.OpType == "Conv");
        TensorProto weight = odd.Proto.Graph.Initializer.Single(one => one.Name == first.Input[1]), bias = odd.Proto.Graph.Initializer.Single(one => one.Name == first.Input[2]);
        float[] w = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(odd.ReadRaw(weight)).ToArray(), b = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(odd.ReadRaw(bias)).ToArray();
        w.AsSpan(0, 9).Clear();
        b[0] = 0.25f;
        for (int i = 9; i < 18; i++)
        {
            w[i] *= 1e-4f;
        }

        b[1] = 50;
        odd.WriteRaw(weight, System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(w));
        odd.WriteRaw(bias, System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(b));
        odd.Save(path);

        using var scope = NewDisposeScope();
        using AmalgamationSetup setup = FileStudent.Open($"{{model: {path}, normalisation: insert}}");
        using AmalgamationSetup bare = FileStudent.Open($"{{model: {path}}}");
        using var student = new TrainableGraph(setup.Student.Model);
        using var before = new TrainableGraph(bare.Student.Model);
        StudentNormalisation.Measure(setup, student);
        NormalisationLayer layer = setup.Student.Measured[0];
        Assert.Equal(0, student.Statistics[layer.Variance][0].item<float>(), 1e-12);
        Assert.Equal(0.25f, student.Statistics[layer.Mean][0].item<float>(), 1e-6);
        Assert.Equal(50, student.Statistics[layer.Mean][1].item<float>(), 0.01);
        Assert.InRange(student.Statistics[layer.Variance][1].item<float>(), 1e-12, 1e-4);

        Tensor x = AllImages(setup);
        using (no_grad())
        {
            before.eval();
            Same(Run(before, x, bare.Student.Logits), Run(student, x, setup.Student.Logits), Tolerance, "scores");
        }

        student.train();
        Run(student, x, setup.Student.Logits).square().mean().backward();
        Assert.All(student.Initializers, pair => Assert.True(pair.Value.grad is { } g && g.isfinite().all().item<bool>(), pair.Key));
    }

    [Theory]
    [InlineData("resnet_batchnorm_opset11")]
    [InlineData("resnet_batchnorm_opset17")]
    [InlineData("resnet_training_opset17")]
    public void A_refresh_measures_each_layer_behind_the_batch_statistics_of_those_before_it(string file)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        // 32 images in one batch: what the layers then hold normalises exactly these
        using AmalgamationSetup setup = FileStudent.Open($"{{model: {Fixture(file)}, normalisation: {{refresh: {{images: 32}}}}}}", "train.batch=32");
        using var student = new TrainableGraph(setup.Student.Model);
        var weights = student.Initializers.ToDictionary(p => p.Key, p => ((Tensor)p.Value).clone());
        var old = student.Statistics.ToDictionary(p => p.Key, p => p.Value.clone());
        Assert.Equal(32, StudentNormalisation.Measure(setup, student));

        Assert.Equal(7, setup.Student.Measured.Count);
        Assert.All(weights, p => Assert.True(student.Initializers[p.Key].equal(p.Value).all().item<bool>(), p.Key));
        Assert.All(old, p => Assert.False(student.Statistics[p.Key].equal(p.Value).all().item<bool>(), p.Key));
        Tensor x = AllImages(setup);
        foreach (NormalisationLayer layer in setup.Student.Measured)
        {
            Tensor value = Run(student, x, layer.Input).transpose(0, 1).flatten(1).to_type(ScalarType.Float64);
            // a batch is normalised over n, the running variance is over n - 1, as in training: 1/512 at the deepest layers
            Same(value.mean([1]), student.Statistics[layer.Mean], 5e-3, layer.Mean);
            Same(value.var(1), student.Statistics[layer.Variance], 5e-3, layer.Variance);
        }
    }

    [Fact]
    public void A_refresh_takes_whole_batches_in_random_order_and_no_more_images_than_asked_for()
    {
        int Measured(string student, params string[] more)
        {
            using AmalgamationSetup setup = FileStudent.Open(student, more);
            using var graph = new TrainableGraph(setup.Student.Model);
            return StudentNormalisation.Measure(setup, graph);
        }

        string refreshed = Fixture("resnet_batchnorm_opset17"), bare = Fixture("resnet_folded_opset17");
        Assert.Equal(32, Measured($"{{model: {refreshed}, normalisation: refresh}}"));
        Assert.Equal(20, Measured($"{{model: {refreshed}, normalisation: refresh}}", "train.batch=20"));
        Assert.Equal(5, Measured($"{{model: {refreshed}, normalisation: {{refresh: {{images: 5}}}}}}"));
        Assert.Equal(27, Measured($"{{model: {bare}, normalisation: {{insert: {{images: 27}}}}}}"));
    }

    [Theory]
    [InlineData("resnet_folded_opset17", "insert", "BatchNormalization put behind convolutions", 7)]
    [InlineData("resnet_batchnorm_opset17", "refresh", "BatchNormalization refreshed", 7)]
    [InlineData("float16_graph", "insert", "BatchNormalization put behind convolutions", 1)]
    public void A_run_measures_once_says_so_and_its_export_can_be_folded(string file, string mode, string note, int layers)
    {
        using AmalgamationSetup setup = FileStudent.Open($"{{model: {Fixture(file)}, normalisation: {mode}}}", "train.epochs=2");
        using RunFolder run = RunFolder.Create(Path.Combine(folder, "run"), "run");
        var witness = new Witness();
        RunReport report = AmalgamationRun.Execute(setup, run, resume: false, acceptOlder: false, witness, TestContext.Current.CancellationToken)!;

        Assert.Equal($"normalisation: {layers} {note}, measured on 32 images", Assert.Single(witness.Notes));
        Assert.True(report.Agreement.Passes, $"{report.Agreement}");
        Assert.Equal(layers, OnnxModel.Load(run.Student).Proto.Graph.Node.Count(node => node.OpType == "BatchNormalization"));

        string target = Path.Combine(folder, "folded.onnx");
        ExportReport export = RunExport.Write(setup, run, target, new ExportOptions { Fold = true });
        var folded = OnnxModel.Load(target);
        Assert.Equal((layers, 0), (export.Folding!.Folded.Count, export.Folding.Kept.Count));
        // half precision rounds the folded weights: a score may move, and a decision with it
        bool isHalf = file == "float16_graph";
        Assert.True(export.Agreement.MaxDifference < (isHalf ? 5e-3 : Tolerance), $"{export.Agreement}");
        Assert.DoesNotContain(folded.Proto.Graph.Node, node => node.OpType == "BatchNormalization");
        Assert.Equal(20, Anatomy.Logits(folded).Classes);
        if (!isHalf)
        {
            Assert.Equal(Rows(report.Evaluation), Rows(Evaluator.Evaluate(setup, target).Rows));
        }

        static (string, string, double)[] Rows(IReadOnlyList<EvaluationRow> rows) =>
            [.. rows.Where(row => row.Model == "student").Select(row => (row.Task, row.Metric, Math.Round(row.Value, 4)))];
    }

    [Fact]
    public void Weights_that_are_drawn_anew_get_new_layers_that_are_not_measured()
    {
        using AmalgamationSetup setup = FileStudent.Open($"{{model: {Fixture("resnet_folded_opset17")}, weights: random, normalisation: insert}}");
        Assert.Empty(setup.Student.Measured);
        using var graph = new TrainableGraph(setup.Student.Model);
        var layers = Anatomy.BatchNormalizations(setup.Student.Model);
        Assert.Equal(7, layers.Count);
        Assert.All(layers, layer =>
        {
            Assert.All(((Tensor)graph.Initializers[layer.Scale]).data<float>(), x => Assert.Equal(1, x));
            Assert.All(graph.Statistics[layer.Variance].data<float>(), x => Assert.Equal(1, x));
            Assert.All(graph.Statistics[layer.Mean].data<float>(), x => Assert.Equal(0, x));
        });
    }

    [Theory]
    [InlineData("resnet_folded_opset17", "refresh", "expected BatchNormalization to refresh, got none (see: onnx-amalgam inspect ")]
    [InlineData("resnet_batchnorm_opset17", "insert", "expected a convolution that no normalisation follows, got none (see: onnx-amalgam inspect ")]
    public void What_there_is_nothing_to_do_for_is_refused_when_the_recipe_is_opened(string file, string mode, string message)
    {
        var e = Assert.Throws<InputException>(() => FileStudent.Open($"{{model: {Fixture(file)}, normalisation: {mode}}}"));
        Assert.Contains($"student '{Fixture(file)}', student.normalisation: {message}", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Frozen_layers_keep_their_statistics_when_the_others_are_refreshed()
    {
        string student = $"{{model: {Fixture("resnet_batchnorm_opset17")}, normalisation: refresh}}";
        using AmalgamationSetup all = FileStudent.Open(student);
        string[] layers = [.. all.Student.Measured.Select(l => l.Mean)];
        string frozen = all.Student.Measured[1].Mean;
        using AmalgamationSetup setup = FileStudent.Open(student, $"train.groups=[{{query: \"'{frozen}'\", freeze: true}}]");
        Assert.Equal(layers.Where(l => l != frozen), setup.Student.Measured.Select(l => l.Mean));
        using var step = new AmalgamationStep(setup);
        double[] before = step.Student.Statistics[frozen].Values();
        StudentNormalisation.Measure(setup, step.Student);
        Assert.Equal(before, step.Student.Statistics[frozen].Values());
    }

    [Fact]
    public void A_network_that_computes_no_numbers_is_named()
    {
        string path = Path.Combine(folder, "nan.onnx");
        var model = OnnxModel.Load(Fixture("resnet_folded_opset17"));
        TensorProto bias = model.Proto.Graph.Initializer.Single(one => one.Name == model.Proto.Graph.Node.First(node => node.OpType == "Conv").Input[2]);
        byte[] bytes = model.ReadRaw(bias);
        BitConverter.TryWriteBytes(bytes, float.NaN);
        model.WriteRaw(bias, bytes);
        model.Save(path);
        using AmalgamationSetup setup = FileStudent.Open($"{{model: {path}, normalisation: insert}}");
        using var student = new TrainableGraph(setup.Student.Model);
        var e = Assert.Throws<InputException>(() => StudentNormalisation.Measure(setup, student));
        Assert.Contains("expected finite values to normalise, got NaN or infinity in '", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Measuring_leaves_no_tensor_alive()
    {
        using AmalgamationSetup setup = FileStudent.Open($"{{model: {Fixture("resnet_folded_opset17")}, normalisation: insert}}");
        using var student = new TrainableGraph(setup.Student.Model);
        StudentNormalisation.Measure(setup, student);
        long before = Alive();
        StudentNormalisation.Measure(setup, student);
        Assert.Equal(before, Alive());

        static long Alive() => DisposeScopeManager.Statistics.ThreadTotalLiveCount;
    }

    static string Fixture(string name) => Path.Combine(Repository.Root, "tests", "fixtures", "exports", $"{name}.onnx");

    static Tensor AllImages(AmalgamationSetup setup)
    {
        ImageBatch batch = BatchLoader.InOrder(setup.Train, setup.Train.Count).Single();
        return new Preprocess(setup.Student.Input).Apply(BatchTensors.Canvas(batch, setup.Train));
    }

    static Tensor Run(TrainableGraph graph, Tensor x, string value) => graph.Run(new Dictionary<string, Tensor> { [graph.InputNames[0]] = x }, [value])[0];

    /// <summary>Asserts a difference of at most a share of the largest element.</summary>
    static void Same(Tensor expected, Tensor actual, double tolerance, string what)
    {
        using var scope = NewDisposeScope();
        Tensor a = expected.to_type(ScalarType.Float64), b = actual.to_type(ScalarType.Float64);
        double difference = a.sub(b).abs().max().item<double>(), size = a.abs().max().item<double>();
        Assert.True(difference <= tolerance * Math.Max(size, 1e-3), $"{what}: difference {difference:g3} of {size:g3}");
    }
}
