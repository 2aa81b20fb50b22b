using Onnx;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Edits;
using OnnxAmalgam.Graphs.Metadata;
using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Trainable;
using static Onnx.TensorProto.Types;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Export;

public sealed class HalfPrecisionTests : IDisposable
{
    readonly TempFolder place = new();

    public void Dispose() => place.Dispose();

    [Theory]
    [InlineData("models/teachers/digits_resnet.onnx", 0.7)]
    [InlineData("models/teachers/fashion_mixer.onnx", 0.7)]
    [InlineData("models/teachers/cifar_vehicles.onnx", 0.7)]
    [InlineData("tests/fixtures/exports/mobilenet_opset17.onnx", 0.8)]
    [InlineData("tests/fixtures/exports/nhwc_tf2onnx.onnx", 1.1)]
    [InlineData("tests/fixtures/exports/resnet_batchnorm_opset11.onnx", 0.8)]
    [InlineData("models/teachers/four_mobilenet.onnx", 1.05)] // these three hold half-precision weights already
    [InlineData("models/teachers/four_convmixer.onnx", 1.05)]
    [InlineData("models/teachers/four_vit.onnx", 1.05)]
    public void A_network_in_half_precision_is_smaller_and_computes_nearly_the_same(string path, double size)
    {
        OnnxModel model = OnnxModel.Load(Path.Combine([Repository.Root, .. path.Split('/')]));
        OnnxModel half = GraphEdits.WithHalfPrecision(model, out var kept);
        half.Save(place["half.onnx"]);
        OnnxModel read = OnnxModel.Load(place["half.onnx"]);
        Assert.DoesNotContain(half.Proto.Graph.Node, n => n.OpType is "Conv" or "Gemm" or "MatMul" && kept.Contains(n.Name));
        Assert.InRange((double)new FileInfo(place["half.onnx"]).Length / model.ToBytes().Length, 0.4, size);
        Assert.Equal(model.Proto.Graph.Input.Concat(model.Proto.Graph.Output), read.Proto.Graph.Input.Concat(read.Proto.Graph.Output));
        Assert.Empty(model.Proto.Graph.Node.SelectMany(n => n.Output).Except(half.Proto.Graph.Node.SelectMany(n => n.Output)));

        using var scope = NewDisposeScope();
        var fed = InputException.Attempt(() => ModelMetadata.FromGraph(model)).Found ?? ModelMetadata.FromGraph(model, 32);
        Tensor images = rand(fed.ShapeOf(1), ScalarType.Float32, generator: new Generator(1));
        Tensor expected = OnnxRun.Of(model, images), made = OnnxRun.Of(read, images);
        Assert.InRange((made - expected).abs().max().item<float>() / expected.abs().max().item<float>(), 0, 1e-2);
        Assert.NotEqual(0, (made - expected).abs().max().item<float>());
    }

    [Fact]
    public void Weights_that_half_precision_cannot_hold_keep_their_node_and_others_that_share_a_value_get_it_in_theirs()
    {
        var graph = new GraphProto { Name = "shared" };
        graph.Input.Add(Value("x", 4));
        graph.Output.Add([Value("y", 4), Value("inner", 4)]);
        graph.Initializer.Add([Weights("w", 0.5f), Weights("huge", 1e6f)]);
        graph.Node.Add([Node("MatMul", ["x", "w"], "inner"), Node("MatMul", ["inner", "huge"], "large"), Node("Mul", ["large", "small"], "scaled"), Node("MatMul", ["scaled", "w"], "a"), Node("Softmax", ["a"], "b"), Node("Add", ["b", "a"], "y")]);
        graph.Node.Insert(0, new NodeProto { OpType = "Constant", Output = { "small" }, Attribute = { new AttributeProto { Name = "value", Type = AttributeProto.Types.AttributeType.Tensor, T = new TensorProto { DataType = (int)DataType.Float, FloatData = { 1e-6f } } } } });
        var model = new OnnxModel(new ModelProto { IrVersion = 8, OpsetImport = { new OperatorSetIdProto { Version = 13 } }, Graph = graph }, "shared");
        OnnxModel half = GraphEdits.WithHalfPrecision(model, out var kept);
        Assert.Equal(["large", "scaled", "b", "y"], kept);
        Assert.Equal([("w", 10), ("huge", 1)], half.Proto.Graph.Initializer.Select(i => (i.Name, i.DataType)));
        using var scope = NewDisposeScope();
        Tensor x = rand([2, 4], ScalarType.Float32, generator: new Generator(2));
        foreach (string output in (string[])["y", "inner"])
        {
            Tensor expected = OnnxRun.Of(model, x, output), made = OnnxRun.Of(half, x, output);
            Assert.InRange((made - expected).abs().max().item<float>() / expected.abs().max().item<float>(), 0, 1e-2);
        }
    }

    [Fact]
    public void A_body_that_reads_a_value_from_outside_gets_it_in_single_precision()
    {
        var graph = new GraphProto { Name = "branch" };
        graph.Input.Add([Value("x", 4), new ValueInfoProto { Name = "c", Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)DataType.Bool, Shape = new TensorShapeProto() } } }]);
        graph.Output.Add(Value("y", 4));
        graph.Initializer.Add(Weights("w", 0.5f));
        GraphProto Body(string op) => new() { Name = op, Node = { Node(op, ["h"], "out") }, Output = { Value("out", 4) } };
        NodeProto choice = Node("If", ["c"], "y");
        choice.Attribute.Add([new AttributeProto { Name = "then_branch", Type = AttributeProto.Types.AttributeType.Graph, G = Body("Neg") }, new AttributeProto { Name = "else_branch", Type = AttributeProto.Types.AttributeType.Graph, G = Body("Exp") }]);
        graph.Node.Add([Node("MatMul", ["x", "w"], "h"), choice]);
        OnnxModel half = GraphEdits.WithHalfPrecision(new OnnxModel(new ModelProto { IrVersion = 8, OpsetImport = { new OperatorSetIdProto { Version = 13 } }, Graph = graph }, "branch"), out _);
        NodeProto[] nodes = [.. half.Proto.Graph.Node];
        Assert.Equal(["Cast", "MatMul", "Cast", "If"], nodes.Select(n => n.OpType));
        Assert.All(Captures.Bodies(nodes[3]), body => Assert.Equal("h_fp32", body.Node[0].Input[0]));
        half.Save(place["branch.onnx"]);
        Assert.Equal(DataType.Float, Facts.Infer(OnnxModel.Load(place["branch.onnx"]))["h_fp32"].Type);
    }

    [Fact]
    public void A_student_with_attention_stays_trainable_and_an_old_opset_is_refused()
    {
        OnnxModel model = StudentZoo.Build("vit(dim=32, depth=1, heads=2, patch=4)", 3, 16, 16, 4, 1);
        OnnxModel half = GraphEdits.WithHalfPrecision(model, out var kept);
        Assert.Contains(kept, name => name.Contains("Softmax", StringComparison.OrdinalIgnoreCase));
        using var scope = NewDisposeScope();
        using var graph = new TrainableGraph(half);
        Tensor images = rand([2, 3, 16, 16], ScalarType.Float32, generator: new Generator(3));
        Tensor expected = OnnxRun.Of(model, images);
        using var guard = no_grad();
        graph.eval();
        Tensor made = graph.Run(new Dictionary<string, Tensor> { ["images"] = images }, ["logits"])[0];
        Assert.InRange((made - expected).abs().max().item<float>() / expected.abs().max().item<float>(), 0, 2e-2);
        model.Proto.OpsetImport[0].Version = 6;
        Assert.Contains("expected opset 7 or newer for half precision, got 6", Assert.Throws<InputException>(() => GraphEdits.WithHalfPrecision(model, out _)).Message, StringComparison.Ordinal);
    }

    static NodeProto Node(string op, string[] inputs, string output)
    {
        var node = new NodeProto { OpType = op, Name = output, Output = { output } };
        node.Input.Add(inputs);
        return node;
    }

    static TensorProto Weights(string name, float value)
    {
        var tensor = new TensorProto { Name = name, DataType = (int)DataType.Float, Dims = { 4, 4 } };
        tensor.FloatData.Add(Enumerable.Range(0, 16).Select(i => value * (i % 5 - 2)));
        return tensor;
    }

    static ValueInfoProto Value(string name, long size) => new()
    {
        Name = name,
        Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)DataType.Float, Shape = new TensorShapeProto { Dim = { new TensorShapeProto.Types.Dimension { DimParam = "batch" }, new TensorShapeProto.Types.Dimension { DimValue = size } } } } },
    };
}
