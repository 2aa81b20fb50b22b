using Onnx;
using OnnxAmalgam.Tests.Shared;

namespace OnnxAmalgam.Graphs.Tests.Tools;

/// <summary>tools/export_torch.py, the TorchScript exporter, on a network of a few weights.</summary>
public sealed class ExportTorchTests : IDisposable
{
    const string Network = """
        from torch import nn

        class Tiny(nn.Module):
            def __init__(self):
                super().__init__()
                self.layer1 = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU())
                self.fc = nn.Linear(4, 2)

            def scores(self, x):
                return self.fc(self.layer1(x).mean((2, 3)))

            def forward(self, x):
                return self.scores(x)

        class Fresh(Tiny):
            def __init__(self):
                super().__init__()
                self.norm = nn.BatchNorm2d(4)
                self.also = nn.BatchNorm2d(4)
                self.also.weight = self.norm.weight

            def scores(self, x):
                return self.fc(self.also(self.norm(self.norm(self.layer1(x)))).mean((2, 3)))

        class Frozen(Tiny):
            def forward(self, x):
                return self.scores(x).reshape(int(x.shape[0]), 2)
        """;

    readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_network_becomes_a_teacher_with_free_batch_labels_and_preprocessing_inside()
    {
        OnnxModel model = OnnxModel.Load(Exported("Tiny", "--labels", "cat,dog's", "--preset", "torchvision", "--order", "bgr"));

        ValueInfoProto image = Assert.Single(model.Proto.Graph.Input);
        Assert.Equal("images", image.Name);
        Assert.Equal("batch", image.Type.TensorType.Shape.Dim[0].DimParam);
        Assert.Equal([3, 8, 10], image.Type.TensorType.Shape.Dim.Skip(1).Select(d => d.DimValue));
        Assert.Equal("logits", Assert.Single(model.Proto.Graph.Output).Name);
        Dictionary<string, string> metadata = model.Proto.MetadataProps.ToDictionary(p => p.Key, p => p.Value);
        Assert.Equal("""{0: 'cat', 1: "dog's"}""", metadata["names"]);
        Assert.Equal(["classify", "1", "1", "[8, 10]", "3"], new[] { "task", "stride", "batch", "imgsz", "channels" }.Select(k => metadata[k]));
        Assert.Equal("Bgr8", metadata["Image.BitmapPixelFormat"]);
        Assert.Equal(
            """{"layout": "nchw", "dtype": "float32", "channels": 3, "scale": 0.00392156862745098, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225], "order": "bgr", "resize": "shorter_side", "interpolation": "bilinear", "antialias": true, "size": [8, 10]}""",
            metadata["onnx_amalgam.preprocessing"]);
    }

    [Fact]
    public void A_tap_names_the_modules_output_in_the_graph()
    {
        GraphProto graph = OnnxModel.Load(Exported("Tiny", "--tap", "layer1")).Proto.Graph;

        Assert.Equal("Relu", Assert.Single(graph.Node, n => n.Output.Contains("layer1")).OpType);
        Assert.Equal(["logits"], graph.Output.Select(o => o.Name));
    }

    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 1)]
    public void BatchNorm_is_folded_unless_asked_to_be_kept(bool keep, int expected)
    {
        GraphProto graph = OnnxModel.Load(Exported("Tiny", keep ? ["--keep-batchnorm"] : [])).Proto.Graph;

        Assert.Equal(expected, graph.Node.Count(n => n.OpType == "BatchNormalization"));
    }

    [Fact]
    public void A_network_that_is_to_be_trained_keeps_equal_tensors_apart_and_shared_ones_together()
    {
        GraphProto graph = OnnxModel.Load(Exported("Fresh", "--keep-batchnorm")).Proto.Graph;

        NodeProto[] norms = [.. graph.Node.Where(n => n.OpType == "BatchNormalization")];
        Assert.Equal(
            ["layer1.1.weight layer1.1.bias layer1.1.running_mean layer1.1.running_var", "norm.weight norm.bias norm.running_mean norm.running_var",
                "norm.weight norm.bias norm.running_mean norm.running_var", "norm.weight also.bias also.running_mean also.running_var"],
            norms.Select(n => string.Join(' ', n.Input.Skip(1).Select(Stored))));
        Assert.All(norms.SelectMany(n => n.Input.Skip(1)).Where(name => name != "also.weight"), name => Assert.Single(graph.Initializer, t => t.Name == name));

        string Stored(string name) => graph.Node.SingleOrDefault(n => n.Output.Contains(name)) is { OpType: "Identity" } passed ? passed.Input[0] : name;
    }

    [Theory]
    [InlineData("Frozen", "--labels", "cat,dog", "expected a free batch, got 2")]
    [InlineData("Tiny", "--labels", "cat,dog,bird", "expected 2 names, one for each score of 'logits', got 3")]
    [InlineData("Tiny", "--labels", "cat,cat", "'cat' occurs more than once")]
    [InlineData("Tiny", "--tap", "layer9", "no module 'layer9'; there are: layer1, layer1.0, layer1.1, layer1.2, fc")]
    [InlineData("Tiny", "--mean", "0.5,0.5", "mean: expected 1 or 3 values, got 2")]
    [InlineData("Nothing", "--labels", "cat,dog", "has no 'Nothing'")]
    public void What_would_not_do_as_a_teacher_is_refused_and_no_file_is_written(string network, string option, string value, string message)
    {
        Python.Answer answer = Export(network, option, value);

        Assert.Equal(2, answer.ExitCode);
        Assert.Contains(message, answer.Errors, StringComparison.Ordinal);
        Assert.Equal(["network.py"], Directory.GetFiles(Path.GetDirectoryName(_folder.Made("any"))!).Select(Path.GetFileName));
    }

    [Fact]
    public void The_script_of_the_test_models_writes_the_files_that_are_committed()
    {
        Python.RequireTorch();
        string folder = Path.GetDirectoryName(_folder.Made("models/any"))!;

        Assert.Equal(0, Python.Run("make_test_models.py", "--to", folder).ExitCode);

        string committed = Path.Combine(Python.Root, "tests/fixtures/exports");
        IEnumerable<string?> names = Directory.GetFiles(committed).Select(Path.GetFileName).Where(n => n != "README.md");
        Assert.Equal(names.Order(StringComparer.Ordinal), Directory.GetFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    string Exported(string network, params string[] arguments)
    {
        Python.Answer answer = Export(network, arguments);
        Assert.True(answer.ExitCode == 0, answer.Errors);
        return _folder.Made("teacher.onnx");
    }

    Python.Answer Export(string network, params string[] arguments)
    {
        Python.RequireTorch();
        File.WriteAllText(_folder.Made("network.py"), Network);
        return Python.Run("export_torch.py", [$"{_folder.Made("network.py")}:{network}", "--size", "8", "10", "-o", _folder.Made("teacher.onnx"), .. arguments]);
    }
}
