using Onnx;
using OnnxAmalgam.Graphs.Edits;
using static OnnxAmalgam.Graphs.Tests.Network;

namespace OnnxAmalgam.Graphs.Tests.Edits;

/// <summary>What putting BatchNormalization in and folding it does to a graph; that the function stays is tested where there is a runtime.</summary>
public sealed class NormalisationTests
{
    [Fact]
    public void Insertion_puts_the_identity_behind_a_bare_convolution_and_changes_nothing_else()
    {
        var model = Classifier();
        var before = model.ToBytes();
        var edited = GraphEdits.InsertNormalisation(model, out var inserted);

        var layer = Assert.Single(inserted);
        Assert.Equal(new NormalisationLayer("Conv_map_normalised", "map_convolved", "map_scale", "map_bias", "map_mean", "map_variance", 1e-5f), layer);
        var nodes = edited.Proto.Graph.Node;
        Assert.Equal(["map_convolved"], nodes[0].Output);
        Assert.Equal(("BatchNormalization", "Conv_map_normalised"), (nodes[1].OpType, nodes[1].Name));
        Assert.Equal(["map_convolved", "map_scale", "map_bias", "map_mean", "map_variance"], nodes[1].Input);
        Assert.Equal(["map"], nodes[1].Output);
        Assert.Equal(model.Proto.Graph.Node.Skip(1), nodes.Skip(2));
        Assert.Equal(Enumerable.Repeat(MathF.Sqrt(1.00001f), 6), Elements(edited, "map_scale"));
        Assert.All(Elements(edited, "map_mean").Concat(Elements(edited, "map_bias")), x => Assert.Equal(0, x));
        Assert.All(Elements(edited, "map_variance"), x => Assert.Equal(1, x));
        Assert.Equal(model.Proto.Graph.Initializer, edited.Proto.Graph.Initializer.Take(3));
        Assert.Equal(before, model.ToBytes());
        Assert.Equal([layer], Graphs.Anatomy.BatchNormalizations(edited));
    }

    [Theory]
    [InlineData("resnet_folded_opset11", 7)]
    [InlineData("resnet_folded_opset17", 7)]
    [InlineData("nhwc_tf2onnx", 2)]
    [InlineData("tied_weights", 3)]
    [InlineData("weights_as_inputs", 1)]
    [InlineData("dynamo", 1)]
    [InlineData("float16_graph", 1)]
    public void Folding_takes_back_what_insertion_put_in(string name, int convolutions)
    {
        var original = Export(name);
        var inserted = GraphEdits.InsertNormalisation(original, out var layers);
        var folded = GraphEdits.FoldNormalisation(inserted, out var report);

        Assert.Equal(convolutions, layers.Count);
        Assert.Equal((convolutions, 0), (report.Folded.Count, report.Kept.Count));
        Assert.Equal(original.Proto.Graph.Node.Select(Shape), folded.Proto.Graph.Node.Select(Shape));
        Assert.Equal(original.Proto.Graph.Input, folded.Proto.Graph.Input);
        Assert.Equal(original.Proto.Graph.Output, folded.Proto.Graph.Output);
        Assert.Equal(original.Proto.Graph.ValueInfo, folded.Proto.Graph.ValueInfo);
        Assert.Empty(Graphs.Anatomy.BatchNormalizations(folded));
        Assert.All(Unread(folded), name => Assert.Contains(name, Unread(original)));

        static string Shape(NodeProto node) => $"{node.OpType} {node.Name}: {node.Input[0]} -> {string.Join(", ", node.Output)}";
    }

    [Fact]
    public void A_new_layer_belongs_to_its_convolutions_module()
    {
        foreach (var name in (string[])["resnet_folded_opset17", "dynamo"])
        {
            var original = Export(name);
            var edited = GraphEdits.InsertNormalisation(original, out _);
            var (before, after) = (Graphs.Anatomy.ModulePaths(original), Graphs.Anatomy.ModulePaths(edited));
            Assert.NotEmpty(before);
            Assert.All(before, pair => Assert.Equal(pair.Value, after[pair.Key]));
            Assert.All(before.Values.Distinct(), module => Assert.Equal(Graphs.Anatomy.Tap(original, module).Value, Graphs.Anatomy.Tap(edited, module).Value));
            Assert.Equal(Graphs.Anatomy.AutoTap(original), Graphs.Anatomy.AutoTap(edited));
        }
    }

    [Fact]
    public void Files_that_declare_initializers_as_inputs_go_on_doing_so()
    {
        var model = Classifier();
        model.Proto.IrVersion = 3;
        model.Proto.Graph.Input.Add(model.Proto.Graph.Initializer.Select(tensor => Value(tensor.Name, [.. tensor.Dims.Select(size => (object)size)])));
        var edited = GraphEdits.InsertNormalisation(model, out _);
        Assert.Equal(edited.Proto.Graph.Initializer.Select(tensor => tensor.Name), edited.Proto.Graph.Input.Skip(1).Select(input => input.Name));
        Assert.Equal(Value("map_mean", 6), edited.Proto.Graph.Input[^2]);

        var folded = GraphEdits.FoldNormalisation(edited, out _);
        Assert.Equal(["conv.weight", "fc.weight", "fc.bias", "conv.bias"], folded.Proto.Graph.Initializer.Select(tensor => tensor.Name));
        Assert.Equal(folded.Proto.Graph.Initializer.Select(tensor => tensor.Name), folded.Proto.Graph.Input.Skip(1).Select(input => input.Name));
    }

    [Fact]
    public void Nothing_is_put_in_where_nothing_is_missing_or_the_operator_is_not_known_yet()
    {
        var whole = Export("resnet_batchnorm_opset13");
        Assert.Equal(whole.ToBytes(), GraphEdits.InsertNormalisation(whole, out var inserted).ToBytes());
        Assert.Empty(inserted);

        var old = Classifier();
        old.Proto.OpsetImport[0].Version = 6;
        var e = Assert.Throws<InputException>(() => GraphEdits.InsertNormalisation(old, out _));
        Assert.Equal("'tiny.onnx': expected opset 7 or newer to put BatchNormalization in, got 6; export the model again", e.Message);
    }

    [Fact]
    public void Weights_and_bias_take_the_normalisation_in()
    {
        var model = Normalised(epsilon: 0.5f);
        var folded = GraphEdits.FoldNormalisation(model, out var report);

        Assert.Equal(["BatchNormalization_map"], report.Folded);
        Assert.Equal(["Conv", "Relu", "GlobalAveragePool", "Flatten", "Gemm"], folded.Proto.Graph.Node.Select(node => node.OpType));
        Assert.Equal(["map"], folded.Proto.Graph.Node[0].Output);
        Assert.Equal(["image", "conv.weight", "conv.bias"], folded.Proto.Graph.Node[0].Input);
        double[] factors = [.. Enumerable.Range(0, 6).Select(c => Scale[c] / Math.Sqrt(Variance[c] + 0.5))];
        var (old, now) = (Elements(model, "conv.weight"), Elements(folded, "conv.weight"));
        Assert.All(Enumerable.Range(0, old.Length), i => Assert.Equal(old[i] * factors[i / 27], now[i], 1e-6));
        var bias = Elements(folded, "conv.bias");
        Assert.All(Enumerable.Range(0, 6), c => Assert.Equal(Offset[c] - (Mean[c] * factors[c]), bias[c], 1e-6));
        Assert.Equal(["conv.weight", "fc.weight", "fc.bias", "conv.bias"], folded.Proto.Graph.Initializer.Select(tensor => tensor.Name));
    }

    [Fact]
    public void A_shared_weight_stays_for_the_others_and_the_convolution_gets_its_own()
    {
        var model = Normalised();
        var nodes = model.Proto.Graph.Node;
        nodes.Insert(2, Node("Conv", ["image", "conv.weight"], ["again"], Ints("pads", 1, 1, 1, 1)));
        nodes.Insert(3, Node("Add", ["map", "again"], ["sum"]));
        nodes[4].Input[0] = "sum";
        var folded = GraphEdits.FoldNormalisation(model, out var report);

        Assert.Single(report.Folded);
        Assert.Equal("conv.weight", folded.Proto.Graph.Node[1].Input[1]);
        Assert.Equal("conv.weight_1", folded.Proto.Graph.Node[0].Input[1]);
        Assert.Equal(Elements(model, "conv.weight"), Elements(folded, "conv.weight"));
        Assert.NotEqual(Elements(model, "conv.weight"), Elements(folded, "conv.weight_1"));
    }

    public static TheoryData<string, Action<OnnxModel>> Obstacles => new()
    {
        { "'raw' is read by 'Sigmoid_gate' too", model => { model.Proto.Graph.Node.Add(Node("Sigmoid", ["raw"], ["gate"])); Output(model, "gate"); } },
        { "'raw' is an output of the graph too", model => Output(model, "raw") },
        { "it normalises by the batch", model => model.Proto.Graph.Node[1].Attribute.Add(Int("training_mode", 1)) },
        { "weights, bias or statistics are computed, not stored", model => Computed(model, "conv.weight", model.Proto.Graph.Node[0], 1) },
        { "weights, bias or statistics are computed, not stored", model => Computed(model, "mean", model.Proto.Graph.Node[1], 3) },
        { "scale, bias and statistics are not one number a channel", model => Replace(model, Floats("scale", 1)) },
        { "the folded weights are no finite numbers of float32", model => Replace(model, FloatsOf("variance", [.. Enumerable.Repeat(-1f, 6)], 6)) },
    };

    [Theory]
    [MemberData(nameof(Obstacles))]
    public void What_cannot_be_folded_stays_as_it_is_with_a_reason(string reason, Action<OnnxModel> change)
    {
        var model = Normalised();
        change(model);
        var folded = GraphEdits.FoldNormalisation(model, out var report);
        Assert.Empty(report.Folded);
        Assert.Equal([new KeptNormalisation("BatchNormalization_map", reason)], report.Kept);
        Assert.Equal(model.ToBytes(), folded.ToBytes());
    }

    [Fact]
    public void A_normalisation_that_stands_elsewhere_is_left_and_not_mentioned()
    {
        var model = Teacher("fashion_mixer");
        Assert.Equal(model.ToBytes(), GraphEdits.FoldNormalisation(model, out var report).ToBytes());
        Assert.Empty(report.Folded.Concat(report.Kept.Select(kept => kept.Node)));
    }

    [Fact]
    public void Statistics_that_are_not_stored_in_the_main_graph_are_named()
    {
        var model = Normalised();
        Computed(model, "mean", model.Proto.Graph.Node[1], 3);
        var e = Assert.Throws<InputException>(() => Graphs.Anatomy.BatchNormalizations(model));
        Assert.Equal("'tiny.onnx': expected stored running statistics, got computed ones in node 'BatchNormalization_map'", e.Message);

        model = Normalised();
        model.Proto.Functions.Add(new FunctionProto { Name = "inside", Node = { Node("BatchNormalization", ["x", "s", "o", "m", "v"], ["y"]) } });
        e = Assert.Throws<InputException>(() => Graphs.Anatomy.BatchNormalizations(model));
        Assert.Contains("got 'BatchNormalization_y' inside an If, a Loop, a Scan or a local function", e.Message, StringComparison.Ordinal);
    }

    static readonly float[] Scale = [1, -2, 0.5f, 3, 0, 1];
    static readonly float[] Offset = [0, 1, -1, 2, 0.5f, 4];
    static readonly float[] Mean = [3, -1, 0, 0.5f, 2, 1];
    static readonly float[] Variance = [1, 4, 0.25f, 0, 9, 2];

    /// <summary>The classifier with a BatchNormalization behind its convolution.</summary>
    static OnnxModel Normalised(float epsilon = 1e-5f)
    {
        var model = Classifier();
        var graph = model.Proto.Graph;
        graph.Node[0].Output[0] = "raw";
        graph.Node.Insert(1, Node("BatchNormalization", ["raw", "scale", "offset", "mean", "variance"], ["map"], new AttributeProto { Name = "epsilon", Type = AttributeProto.Types.AttributeType.Float, F = epsilon }));
        graph.Initializer.Add([FloatsOf("scale", Scale, 6), FloatsOf("offset", Offset, 6), FloatsOf("mean", Mean, 6), FloatsOf("variance", Variance, 6)]);
        return model;
    }

    static void Output(OnnxModel model, string value) => model.Proto.Graph.Output.Add(new ValueInfoProto { Name = value });

    static void Computed(OnnxModel model, string tensor, NodeProto reader, int input)
    {
        model.Proto.Graph.Node.Insert(0, Node("Neg", [tensor], ["computed"]));
        reader.Input[input] = "computed";
    }

    static void Replace(OnnxModel model, TensorProto tensor)
    {
        var all = model.Proto.Graph.Initializer;
        all[all.TakeWhile(one => one.Name != tensor.Name).Count()] = tensor;
    }

    static IEnumerable<string> Unread(OnnxModel model)
    {
        var view = new GraphView(model.Proto.Graph);
        return model.Proto.Graph.Initializer.Select(tensor => tensor.Name).Where(name => view.Consumers(name).Count == 0 && !view.Outputs.Contains(name));
    }
}
