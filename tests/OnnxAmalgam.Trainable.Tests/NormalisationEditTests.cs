using Onnx;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Edits;
using OnnxAmalgam.Tests.Shared;
using static OnnxAmalgam.Trainable.Tests.Conformance.Case;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Tests;

/// <summary>Putting BatchNormalization in and folding it: the same function in ONNX Runtime and in the trainable graph.</summary>
public sealed class NormalisationEditTests
{
    const double Tolerance = 1e-5;

    [Theory]
    [InlineData("resnet_folded_opset11")]
    [InlineData("resnet_folded_opset13")]
    [InlineData("resnet_folded_opset17")]
    [InlineData("nhwc_tf2onnx")]
    [InlineData("tied_weights")]
    [InlineData("weights_as_inputs")]
    [InlineData("external_data")]
    [InlineData("softmax_tail")]
    [InlineData("dynamo")]
    public void An_export_with_BatchNormalization_put_in_computes_what_it_did_and_has_more_to_train(string name)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var (model, x) = (OnnxModel.Load(Fixture($"{name}.onnx")), Npy.Read(Input(name)));
        var edited = GraphEdits.InsertNormalisation(model, out var inserted);
        SameFunction(model, edited, x, name);

        using var graph = new TrainableGraph(edited);
        Assert.All(inserted, layer =>
        {
            Assert.Contains(layer.Scale, graph.Initializers);
            Assert.Contains(layer.Bias, graph.Initializers);
            Assert.Contains(layer.Mean, graph.Statistics);
            Assert.Contains(layer.Variance, graph.Statistics);
        });
    }

    [Theory]
    [InlineData("resnet_batchnorm_opset11", 7)]
    [InlineData("resnet_batchnorm_opset13", 7)]
    [InlineData("resnet_batchnorm_opset17", 7)]
    [InlineData("mobilenet_opset13", 5)]
    [InlineData("mobilenet_opset17", 5)]
    [InlineData("encoder", 7)]
    public void An_export_with_BatchNormalization_folded_computes_what_it_did(string name, int layers)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var (model, x) = (OnnxModel.Load(Fixture($"{name}.onnx")), Npy.Read(Input(name)));
        var folded = GraphEdits.FoldNormalisation(model, out var report);
        Assert.Equal((layers, 0), (report.Folded.Count, report.Kept.Count));
        Assert.DoesNotContain(folded.Proto.Graph.Node, node => node.OpType == "BatchNormalization");
        SameFunction(model, folded, x, name);
    }

    public static TheoryData<string, string, long[], long[], AttributeProto[]> Kinds => new()
    {
        { "strided, padded", "Conv", [4, 3, 3, 3], [2, 3, 9, 7], [A("pads", [1, 1, 0, 2]), A("strides", [2, 1])] },
        { "grouped", "Conv", [6, 2, 3, 3], [2, 4, 6, 6], [A("group", 2)] },
        { "depthwise", "Conv", [8, 1, 3, 3], [2, 4, 6, 6], [A("group", 4)] },
        { "1-D", "Conv", [5, 2, 3], [2, 2, 9], [] },
        { "3-D", "Conv", [3, 2, 2, 2, 2], [2, 2, 4, 4, 4], [] },
        { "transposed", "ConvTranspose", [3, 4, 3, 3], [2, 3, 5, 5], [A("strides", [2, 2])] },
        { "transposed, grouped", "ConvTranspose", [6, 2, 2, 2], [2, 6, 5, 5], [A("group", 3)] },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_kind_of_convolution_is_normalised_and_folded_without_a_change(string kind, string type, long[] weight, long[] image, AttributeProto[] attributes)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        manual_seed(1);
        var x = randn(image);
        var groups = attributes.FirstOrDefault(attribute => attribute.Name == "group")?.I ?? 1;
        var channels = type == "Conv" ? weight[0] : weight[1] * groups;
        foreach (var hasBias in new[] { false, true })
        {
            var plain = new TinyModel().Input("x", x).Stored("w", randn(weight));
            if (hasBias) plain.Stored("b", randn(channels));
            plain.Node(type, hasBias ? "x w b" : "x w", "c", attributes);
            var bare = plain.Node("Relu", "c", "y").Output("y").Build();
            SameFunction(bare, GraphEdits.InsertNormalisation(bare, out var inserted), x, kind);
            Assert.Single(inserted);

            plain.Proto.Graph.Node.RemoveAt(1);
            var normalised = plain.Stored("s", randn(channels)).Stored("o", randn(channels)).Stored("m", randn(channels)).Stored("v", rand(channels).add(0.1))
                .Node("BatchNormalization", "c s o m v", "n", A("epsilon", 1e-3f)).Node("Relu", "n", "y").Build();
            var folded = GraphEdits.FoldNormalisation(normalised, out var report);
            Assert.Equal(["make_n"], report.Folded);
            Assert.Equal([type, "Relu"], folded.Proto.Graph.Node.Select(node => node.OpType));
            SameFunction(normalised, folded, x, kind);
        }
    }

    [Fact]
    public void Statistics_that_an_exporter_stored_once_for_several_layers_are_folded_into_each()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        manual_seed(1);
        var x = randn(2, 3, 6, 6);
        var model = new TinyModel().Input("x", x).Stored("w", randn(3, 3, 3, 3)).Stored("one", rand(3).add(0.5)).Stored("zero", randn(3))
            .Node("Identity", "one", "copy").Node("Conv", "x w", "a", A("pads", [1, 1, 1, 1])).Node("BatchNormalization", "a one zero zero copy", "b")
            .Node("Conv", "b w", "c", A("pads", [1, 1, 1, 1])).Node("BatchNormalization", "c copy zero zero one", "d").Node("BatchNormalization", "d one zero zero one", "y").Output("y").Build();
        var folded = GraphEdits.FoldNormalisation(model, out var report);
        Assert.Equal(3, report.Folded.Count);
        Assert.Equal(["Conv", "Conv"], folded.Proto.Graph.Node.Select(node => node.OpType));
        Assert.DoesNotContain(folded.Proto.Graph.Initializer, tensor => tensor.Name is "one" or "zero");
        Assert.Equal(["w", "w_1"], folded.Proto.Graph.Node.Select(node => node.Input[1]).Order());
        SameFunction(model, folded, x, "tied");
    }

    [Fact]
    public void A_half_precision_graph_is_folded_in_its_own_precision_and_kept_where_that_overflows()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        manual_seed(1);
        OnnxModel Of(double variance) => new TinyModel().Input("x", randn([2, 3, 6, 6], float16)).Stored("w", randn(4, 3, 3, 3).to_type(float16))
            .Stored("s", ones(4, float16)).Stored("o", zeros(4, float16)).Stored("v", full(4, variance, float16))
            .Node("Conv", "x w", "c").Node("BatchNormalization", "c s o o v", "y", A("epsilon", 1e-12f)).Output("y").Build();

        var folded = GraphEdits.FoldNormalisation(Of(0.25), out var report);
        Assert.Single(report.Folded);
        Assert.All(folded.Proto.Graph.Initializer, tensor => Assert.Equal((int)TensorProto.Types.DataType.Float16, tensor.DataType));
        GraphEdits.FoldNormalisation(Of(0), out report);
        Assert.Equal("the folded weights are no finite numbers of float16", Assert.Single(report.Kept).Reason);
    }

    static string Input(string name) => Fixture($"{name}.input.npy") is var own && File.Exists(own) ? own : Fixture("shared.input.npy");

    static string Fixture(string name) => Path.Combine(Repository.Root, "tests", "fixtures", "exports", name);

    /// <summary>Asserts that an edited model computes what the model does, both in ONNX Runtime, and in the trainable graph too.</summary>
    static void SameFunction(OnnxModel model, OnnxModel edited, Tensor x, string what)
    {
        var feeds = new Dictionary<string, Tensor> { [new GraphView(model.Proto.Graph).Inputs[0].Name] = x };
        var expected = Ort.Run(Inline(model), feeds);
        var got = Ort.Run(Inline(edited), feeds);
        using var graph = new TrainableGraph(edited);
        graph.eval();
        var ours = graph.Run(feeds, graph.OutputNames);
        for (var i = 0; i < expected.Length; i++)
        {
            var size = expected[i].abs().max().item<float>();
            Compare.Close(expected[i], got[i], Tolerance, Tolerance * size, $"{what}, ONNX Runtime");
            Compare.Close(expected[i], ours[i], Tolerance, Tolerance * size, $"{what}, trainable graph");
        }
    }

    /// <summary>The model with its external data inside.</summary>
    static byte[] Inline(OnnxModel model)
    {
        var copy = model.Clone();
        foreach (var tensor in copy.Proto.Graph.Initializer)
        {
            tensor.RawData = Google.Protobuf.ByteString.CopyFrom(model.ReadRaw(tensor));
            tensor.FloatData.Clear();
            tensor.Int64Data.Clear();
            tensor.Int32Data.Clear();
            tensor.ClearDataLocation();
            tensor.ExternalData.Clear();
        }

        return copy.ToBytes();
    }
}
