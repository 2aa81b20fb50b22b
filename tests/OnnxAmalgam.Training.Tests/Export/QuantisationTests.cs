using System.Globalization;
using Onnx;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Edits;
using OnnxAmalgam.Graphs.Metadata;
using OnnxAmalgam.Teachers;
using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Trainable;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Export;
using OnnxAmalgam.Training.Recipes;
using static Onnx.TensorProto.Types;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Export;

public sealed class QuantisationTests : IDisposable
{
    readonly TempFolder place = new();

    public void Dispose() => place.Dispose();

    [Theory]
    [InlineData("models/teachers/digits_resnet.onnx", 0)]
    [InlineData("models/teachers/cifar_vehicles.onnx", 0)]
    [InlineData("models/teachers/fashion_mixer.onnx", 0)]
    [InlineData("tests/fixtures/exports/mobilenet_opset17.onnx", 0)]
    [InlineData("tests/fixtures/exports/nhwc_tf2onnx.onnx", 0)]
    [InlineData("tests/fixtures/exports/resnet_batchnorm_opset11.onnx", 13)]
    [InlineData("tests/fixtures/exports/vit_opset13.onnx", 0)]
    public void A_network_in_integers_is_smaller_computes_nearly_the_same_and_what_its_graph_says(string path, int opset)
    {
        OnnxModel model = GraphEdits.FoldNormalisation(OnnxModel.Load(Path.Combine([Repository.Root, .. path.Split('/')])), out _);
        model = opset > 0 ? GraphEdits.WithOpset(model, opset) : model;
        using var scope = NewDisposeScope();
        var fed = InputException.Attempt(() => ModelMetadata.FromGraph(model)).Found ?? ModelMetadata.FromGraph(model, 32);
        Tensor images = rand(fed.ShapeOf(1), ScalarType.Float32, generator: new Generator(1));
        var plan = new QuantisationPlan(model);
        OnnxModel integers = plan.Apply(Ranges(model, plan, images));
        integers.Save(place["int8.onnx"]);
        OnnxModel read = OnnxModel.Load(place["int8.onnx"]);
        Assert.Equal(model.Proto.Graph.Input.Concat(model.Proto.Graph.Output), read.Proto.Graph.Input.Concat(read.Proto.Graph.Output));
        var view = new GraphView(read.Proto.Graph);
        Assert.All(view.Nodes.Where(n => plan.Layers.Contains(n.DisplayName())), n => Assert.All(n.Input.Take(2), input => Assert.Equal("DequantizeLinear", view.Producer(input)?.OpType)));
        Assert.DoesNotContain(read.Proto.Graph.Initializer, t => t.DataType == (int)DataType.Float && t.Dims.Count > 1 && plan.Layers.Contains(view.Consumers(t.Name)[0].DisplayName()));

        Tensor expected = OnnxRun.Of(model, images), made = OnnxRun.Of(read, images);
        Assert.InRange((made - expected).abs().max().item<float>() / expected.abs().max().item<float>(), 1e-6, 0.1);
        using var graph = new TrainableGraph(read);
        using var guard = no_grad();
        graph.eval();
        Tensor ours = graph.Run(new Dictionary<string, Tensor> { [graph.InputNames[0]] = images }, [read.Proto.Graph.Output[0].Name])[0];
        Assert.InRange((made - ours).abs().max().item<float>() / expected.abs().max().item<float>(), 0, Agreement.IntegerTolerance);
    }

    [Fact]
    public void Whole_numbers_within_range_are_exact()
    {
        var model = Model([Node("Gemm", ["x", "w", "b"], "y")], ["y"], Tensor("w", [2, 3], [64, -1, 0, 7, 0, -64]), Tensor("b", [3], [5, 1_000_000, -2]));
        var plan = new QuantisationPlan(model);
        OnnxModel integers = plan.Apply(new Dictionary<string, ValueRange>(StringComparer.Ordinal) { ["x"] = new(-55, 200) });
        using var scope = NewDisposeScope();
        Tensor x = tensor(new float[,] { { -55, 200 }, { 0, 3 }, { 17, -1 } });
        Tensor w = tensor(new float[,] { { 64, -1, 0 }, { 7, 0, -64 } }), b = tensor((float[])[5, 1_000_000, -2]);
        Assert.Equal((x.matmul(w) + b).data<float>().ToArray(), OnnxRun.Of(integers, x).data<float>().ToArray());
        Assert.Equal(["x"], plan.Measured);
        Assert.Empty(plan.Kept);
    }

    [Fact]
    public void An_activation_is_rounded_once_behind_it_a_pool_keeps_its_scale_and_an_output_stays_a_float()
    {
        float[] ones = [.. Enumerable.Repeat(1f, 2 * 2 * 3 * 3)];
        NodeProto Conv(string x, string y) => Node("Conv", [x, "w"], y, ("pads", [1, 1, 1, 1]));
        var model = Model(
            [Conv("x", "a"), Node("Relu", ["a"], "b"), Node("MaxPool", ["b"], "c", ("kernel_shape", [2, 2])), Conv("c", "d"), Conv("c", "e"), Node("Add", ["d", "e"], "f"), Node("Softmax", ["f"], "g"), Conv("g", "y")],
            ["y"], Tensor("w", [2, 2, 3, 3], ones), image: true);
        var plan = new QuantisationPlan(model);
        Assert.Equal(["x", "b", "d", "e", "g"], plan.Measured.Order(StringComparer.Ordinal).OrderBy(v => v == "x" ? 0 : 1));
        Assert.Equal(["a", "d", "e", "y"], plan.Layers);
        Assert.Equal(["f", "g"], plan.Kept);
        OnnxModel integers = plan.Apply(plan.Measured.ToDictionary(v => v, _ => new ValueRange(0, 255), StringComparer.Ordinal));
        var view = new GraphView(integers.Proto.Graph);
        Assert.Equal("Relu", view.Consumers("a").Single().OpType);
        Assert.Equal("QuantizeLinear", view.Consumers("b").Single().OpType);
        Assert.Equal(view.Consumers("b").Single().Input.Skip(1), view.Consumers("c").Single().Input.Skip(1));
        Assert.Equal("Conv", view.Producer("y")!.OpType);
        Assert.Equal(["d_rounded", "e_rounded"], view.Producer("f")!.Input);
        Assert.Equal("f", view.Producer("g")!.Input[0]);
    }

    [Fact]
    public void Behind_the_last_layer_nothing_is_rounded_but_what_its_kernel_makes()
    {
        var model = Model(
            [Node("Conv", ["x", "w"], "a"), Node("Relu", ["a"], "b"), Node("GlobalAveragePool", ["b"], "c"), Node("Flatten", ["c"], "y")],
            ["y"], Tensor("w", [2, 2, 3, 3], [.. Enumerable.Repeat(1f, 36)]), image: true);
        var plan = new QuantisationPlan(model);
        Assert.Equal(["x", "b"], plan.Measured);
        Assert.Equal(["c", "y"], plan.Kept);

        var scored = new QuantisationPlan(Model([Node("Gemm", ["x", "v"], "logits"), Node("Sigmoid", ["logits"], "y")], ["y"], Tensor("v", [2, 2], [1, 2, 3, 4])));
        Assert.Equal(["x"], scored.Measured);
        Assert.Equal(["y"], scored.Kept);
    }

    [Fact]
    public void A_layer_that_is_kept_stays_as_it_is_and_what_cannot_be_is_said()
    {
        NodeProto[] nodes = [Node("Gemm", ["x", "w"], "first"), Node("Gemm", ["first", "w"], "second")];
        var model = Model(nodes, ["second"], Tensor("w", [2, 2], [1, 2, 3, 4]));
        var plan = new QuantisationPlan(model, ["second"]);
        Assert.Equal(["first"], plan.Layers);
        Assert.Equal(["second"], plan.Kept);
        OnnxModel integers = plan.Apply(new Dictionary<string, ValueRange>(StringComparer.Ordinal) { ["x"] = new(0, 1) });
        Assert.Equal("w", new GraphView(integers.Proto.Graph).Producer("second")!.Input[1]);

        string Refused(Action action) => Assert.Throws<InputException>(action).Message;
        Assert.Contains("got 'secnd'; closest: 'second'", Refused(() => _ = new QuantisationPlan(model, ["secnd"])), StringComparison.Ordinal);
        Assert.Contains("value 'x': expected finite numbers to make integers of, got 0 to Infinity", Refused(() => plan.Apply(new Dictionary<string, ValueRange>(StringComparer.Ordinal) { ["x"] = new(0, float.PositiveInfinity) })), StringComparison.Ordinal);
        Assert.Contains("got none", Refused(() => _ = new QuantisationPlan(Model([Node("Softmax", ["x"], "y")], ["y"]))), StringComparison.Ordinal);
        Assert.Contains("got all 2 of them to keep in floats; keep fewer", Refused(() => _ = new QuantisationPlan(model, ["first", "second"])), StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => plan.Apply(new Dictionary<string, ValueRange>(StringComparer.Ordinal)));
        model.Proto.OpsetImport[0].Version = 12;
        Assert.Contains("expected opset 13 or newer for 8-bit integers, got 12", Refused(() => _ = new QuantisationPlan(model)), StringComparison.Ordinal);
    }

    [Fact]
    public void What_costs_too_much_is_refused_with_the_layers_that_cost_most()
    {
        string[] overrides = [.. Enumerable.Range(0, 2).Select(i => $"data.unlabelled.{i}.part=0..0.02"), .. Enumerable.Range(0, 2).Select(i => $"data.validate.{i}.part=0..0.1"), "student.model=zoo:resnet(widths=[4,8,16], blocks=[1,1,1])"];
        using var setup = AmalgamationSetup.Open(RecipeReader.Read(Path.Combine(Repository.Root, "models", "demo", "recipe.yaml"), overrides), new ComputeOptions(ComputeDevice.Cpu, 1), _ => { });
        OnnxModel model = GraphEdits.FoldNormalisation(setup.Student.Model, out _);
        LayerCost[] costs = [];
        QuantisedStudent.Of(model, setup, new QuantisationOptions { MaxDrop = 1, ByLayer = told => costs = [.. told] }, out QuantisationReport report);
        Assert.Equal((200, 10, 10), (report.Images, report.Layers, costs.Length));
        Assert.Equal(report.Before - report.After, report.Drop);
        Assert.Equal(costs.OrderByDescending(cost => cost.ScoreError), costs);
        Assert.All(costs, cost => Assert.InRange(cost.ScoreError, 1e-6, 1));
        string csv = LayerCost.ToCsv(costs);
        Assert.StartsWith(string.Create(CultureInfo.InvariantCulture, $"layer,score_error,changed_decisions\n{costs[0].Layer},{costs[0].ScoreError:R},"), csv, StringComparison.Ordinal);

        int written = 0;
        string refusal = Assert.Throws<CheckFailedException>(() => QuantisedStudent.Of(model, setup, new QuantisationOptions { MaxDrop = -1, ByLayer = told => written = told.Count }, out _)).Message;
        Assert.Equal(10, written);
        Assert.Matches(@"expected to lose at most -1, got accuracy 0\.\d{4} instead of 0\.\d{4} on 200 images; nothing was written; costliest alone: '", refusal);
        Assert.EndsWith($"keep it in floats: --keep {costs[0].Layer}, or allow more: --max-drop", refusal, StringComparison.Ordinal);
        QuantisedStudent.Of(model, setup, new QuantisationOptions { MaxDrop = 1, Keep = [costs[0].Layer] }, out QuantisationReport kept);
        Assert.Contains(costs[0].Layer, kept.Kept);
        Assert.Equal(9, kept.Layers);
    }

    static Dictionary<string, ValueRange> Ranges(OnnxModel model, QuantisationPlan plan, Tensor images) => plan.Measured.ToDictionary(
        value => value,
        value =>
        {
            Tensor made = value == new GraphView(model.Proto.Graph).Inputs[0].Name ? images : OnnxRun.Of(model, images, value);
            return new ValueRange(made.min().item<float>(), made.max().item<float>());
        },
        StringComparer.Ordinal);

    static OnnxModel Model(NodeProto[] nodes, string[] outputs, params TensorProto[] stored) => Model(nodes, outputs, stored, image: false);

    static OnnxModel Model(NodeProto[] nodes, string[] outputs, TensorProto stored, bool image) => Model(nodes, outputs, [stored], image);

    static OnnxModel Model(NodeProto[] nodes, string[] outputs, TensorProto[] stored, bool image)
    {
        ValueInfoProto Value(string name)
        {
            var shape = new TensorShapeProto { Dim = { new TensorShapeProto.Types.Dimension { DimParam = "batch" } } };
            shape.Dim.Add((image ? (long[])[2, 4, 4] : [2]).Select(d => name == "x" ? new TensorShapeProto.Types.Dimension { DimValue = d } : new TensorShapeProto.Types.Dimension { DimParam = $"{name}{d}" }));
            return new() { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)DataType.Float, Shape = shape } } };
        }

        var graph = new GraphProto { Name = "made", Input = { Value("x") }, Node = { nodes }, Initializer = { stored } };
        graph.Output.Add(outputs.Select(Value));
        return new OnnxModel(new ModelProto { IrVersion = 8, OpsetImport = { new OperatorSetIdProto { Version = 13 } }, Graph = graph }, "made");
    }

    static NodeProto Node(string op, string[] inputs, string output, (string Name, long[] Values)? attribute = null)
    {
        var node = new NodeProto { OpType = op, Name = output, Input = { inputs }, Output = { output } };
        if (attribute is var (name, values))
            node.Attribute.Add(new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Ints, Ints = { values } });
        return node;
    }

    static TensorProto Tensor(string name, long[] dims, float[] elements) => new() { Name = name, DataType = (int)DataType.Float, Dims = { dims }, FloatData = { elements } };
}
