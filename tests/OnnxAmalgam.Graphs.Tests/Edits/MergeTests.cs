using Google.Protobuf;
using Onnx;
using OnnxAmalgam.Graphs.Edits;
using OnnxAmalgam.Graphs.Tests.Files;
using OnnxAmalgam.Tests.Shared;
using static Onnx.TensorProto.Types;
using static OnnxAmalgam.Graphs.Tests.Network;

namespace OnnxAmalgam.Graphs.Tests.Edits;

public sealed class MergeTests
{
    static readonly Dictionary<string, string> SharedImage = new() { ["image"] = "picture" };

    [Fact]
    public void Models_lie_side_by_side_under_names_of_their_own()
    {
        OnnxModel first = Classifier(), second = Classifier(Node("Softmax", ["scores"], ["p"]));
        second.Proto.Graph.ValueInfo.Add(Value("flat", "N", 6));
        byte[] before = first.ToBytes(), also = second.ToBytes();
        var graph = Merge(first, second).Proto.Graph;

        Assert.Equal(["picture"], graph.Input.Select(input => input.Name));
        Assert.Equal(["a/scores", "b/p"], graph.Output.Select(output => output.Name));
        Assert.Equal([.. first.Proto.Graph.Node.Select(node => node.OpType), .. second.Proto.Graph.Node.Select(node => node.OpType)], graph.Node.Select(node => node.OpType));
        Assert.Equal(["picture", "a/conv.weight"], graph.Node[0].Input);
        Assert.Equal(["picture", "b/conv.weight"], graph.Node[5].Input);
        Assert.Equal("b/Conv_map", graph.Node[5].Name);
        Assert.Equal("b/flat", graph.ValueInfo[^1].Name);
        Assert.Equal(before, first.ToBytes());
        Assert.Equal(also, second.ToBytes());
    }

    [Theory]
    [InlineData("digits_resnet", "fashion_mixer", true)]
    [InlineData("cifar_animals", "cifar_vehicles", false)]
    public void Each_model_can_be_taken_out_again_as_it_was(string one, string other, bool sameInput)
    {
        OnnxModel[] models = [Teacher(one), Teacher(other)];
        var merged = GraphEdits.Merge([.. models.Select((model, i) => new MergePart(model, $"{i}/") { Inputs = sameInput ? SharedImage : [] })]);
        foreach (var (i, model) in models.Index())
        {
            var back = GraphEdits.Extract(merged, [.. model.Proto.Graph.Output.Select(output => $"{i}/{output.Name}")]);
            var graph = back.Proto.Graph;
            Assert.Equal(model.Proto.Graph.Node.Select(node => (node.OpType, string.Join(' ', node.Input.Concat(node.Output)))),
                graph.Node.Select(node => (node.OpType, string.Join(' ', node.Input.Concat(node.Output).Select(Stripped)))));
            Assert.Equal(model.Proto.Graph.Node.Select(node => string.Join(' ', node.Attribute)), graph.Node.Select(node => string.Join(' ', node.Attribute)));
            foreach (var tensor in model.Proto.Graph.Initializer)
                Assert.Equal(model.ReadRaw(tensor), back.ReadRaw(graph.Initializer.Single(mine => mine.Name == $"{i}/{tensor.Name}")));
            Assert.Equal(model.Proto.MetadataProps.Select(entry => entry.Value), merged.Proto.MetadataProps.Where(entry => entry.Key.StartsWith($"{i}/", StringComparison.Ordinal)).Select(entry => entry.Value));

            string Stripped(string name) => name.StartsWith($"{i}/", StringComparison.Ordinal) ? name[2..] : name == "picture" ? "image" : name;
        }
    }

    [Fact]
    public void Bodies_are_renamed_with_what_they_take_from_outside_and_what_they_hide()
    {
        var deep = TinyModel.BodyOf("made", [TinyModel.Node("Add", ["features", "own"], ["made"])], Floats("own", 1));
        var body = TinyModel.BodyOf("y", [TinyModel.Node("If", ["condition"], ["image"], TinyModel.Body("then_branch", deep), TinyModel.Body("else_branch", deep.Clone())), TinyModel.Node("Relu", ["image"], ["y"])]);
        var model = Classifier(Node("If", ["condition"], ["y"], TinyModel.Body("then_branch", body), TinyModel.Body("else_branch", body.Clone())));
        model.Proto.Graph.Initializer.Add([TinyModel.Tensor("condition", DataType.Bool, [1]), Floats("own", 2)]);

        var node = Merge(Classifier(), model).Proto.Graph.Node[^1];
        Assert.Equal(["b/condition", "b/features"], Captures.ReadBy(node));
        var inner = node.Graph("then_branch")!;
        Assert.Equal("picture", inner.Node[0].Output[0]);
        Assert.Equal(["picture"], inner.Node[1].Input);
        Assert.Equal(["b/features", "b/own"], inner.Node[0].Graph("else_branch")!.Node[0].Input);
        Assert.Equal("b/own", inner.Node[0].Graph("else_branch")!.Initializer[0].Name);
    }

    [Fact]
    public void A_symbolic_size_is_one_only_where_it_is_the_same_axis_of_a_shared_input()
    {
        OnnxModel first = Classifier(), second = Model(Image("batch", 3, "N", "side"), [Node("Relu", ["image"], ["y"])], ["y"]);
        second.Proto.Graph.Output[0] = Value("y", "batch", 3, "N", "side");
        first.Proto.Graph.ValueInfo.Add(Value("flat", "N", "M"));
        var graph = Merge(first, second).Proto.Graph;

        Assert.Equal(Value("picture", "N", 3, 8, 8), graph.Input[0]);
        Assert.Equal(Value("b/y", "N", 3, 8, 8), graph.Output[1]);
        Assert.Equal(Value("a/flat", "N", "a/M"), graph.ValueInfo[0]);

        var apart = GraphEdits.Merge([new(first, "a/"), new(second, "b/")]).Proto.Graph;
        Assert.Equal([Value("a/image", "a/N", 3, 8, 8), Value("b/image", "b/batch", 3, "b/N", "b/side")], apart.Input);
    }

    [Fact]
    public void A_symbol_that_stands_for_two_axes_ties_them_in_all_models()
    {
        OnnxModel square = Model(Image("N", 3, "S", "S"), [Node("Relu", ["image"], ["y"])], ["y"]), free = Model(Image("b", 3, "H", "W"), [Node("Relu", ["image"], ["y"])], ["y"]);
        free.Proto.Graph.Output[0] = Value("y", "b", 3, "H", "W");
        Assert.Equal(Value("b/y", "N", 3, "S", "S"), Merge(square, free).Proto.Graph.Output[1]);
        Assert.Equal(Value("b/y", "N", 3, 8, 8), GraphEdits.Merge([Part(Classifier(), "a/"), Part(free, "b/"), Part(square, "c/")]).Proto.Graph.Output[1]);
    }

    [Theory]
    [InlineData("[N, 3, 8, 8]", "[N, 3, 8, 9]")]
    [InlineData("[N, 3, 8, 8]", "[N, 3, 8]")]
    [InlineData("[N, 3, 8, 8]", "[1, 3, S, S], then [1, 3, 8, 9]")]
    public void An_input_that_is_not_the_same_in_all_models_cannot_be_shared(string first, string others)
    {
        OnnxModel[] models = [.. others.Split(", then ").Prepend(first).Select(shape => Model(Image([.. shape.Trim('[', ']').Split(", ").Select(dim => long.TryParse(dim, out var size) ? (object)size : dim)]), [Node("Relu", ["image"], ["y"])], ["y"]))];
        var e = Assert.Throws<InputException>(() => GraphEdits.Merge([.. models.Select((model, i) => Part(model, $"{i}/"))]));
        Assert.Equal($"input 'picture': expected one element type and shape in all models that share it, got {string.Join(", ", models.Select(model => $"float32[{string.Join(", ", model.Proto.Graph.Input[0].Type.TensorType.Shape.Dim.Select(dim => dim.HasDimValue ? $"{dim.DimValue}" : dim.DimParam))}] in 'tiny.onnx'"))}; give them inputs of their own", e.Message);
    }

    [Fact]
    public void An_input_of_another_element_type_cannot_be_shared()
    {
        var halves = Classifier();
        halves.Proto.Graph.Input[0].Type.TensorType.ElemType = (int)DataType.Float16;
        Assert.Contains("got float32[N, 3, 8, 8] in 'tiny.onnx', float16[N, 3, 8, 8] in 'tiny.onnx'", Assert.Throws<InputException>(() => Merge(Classifier(), halves)).Message);
    }

    [Fact]
    public void Models_meet_at_the_newest_opset_among_them()
    {
        OnnxModel old = Classifier(Node("Squeeze", ["scores"], ["y"], Ints("axes", 0))), newer = Classifier();
        old.Proto.OpsetImport[0].Version = 11;
        old.Proto.IrVersion = 6;
        var merged = Merge(old, newer).Proto;
        Assert.Equal([new OperatorSetIdProto { Domain = "", Version = 17 }], merged.OpsetImport);
        Assert.Equal(8, merged.IrVersion);
        Assert.Equal(2, merged.Graph.Node.Single(node => node.OpType == "Squeeze").Input.Count);
    }

    [Fact]
    public void What_has_no_equal_at_that_opset_is_named()
    {
        OnnxModel old = Classifier(Node("Upsample", ["features", "scales"], ["y"])), newer = Classifier();
        old.Proto.OpsetImport[0].Version = 6;
        Assert.Contains("opset 6", Assert.Throws<InputException>(() => Merge(old, newer)).Message);
    }

    [Fact]
    public void Another_domain_must_be_the_same_version_where_both_use_it()
    {
        OnnxModel one = Classifier(Node("Normalizer", ["scores"], ["y"])), other = Classifier(Node("Normalizer", ["scores"], ["y"])), without = Classifier();
        foreach (var (model, version) in new[] { (one, 3), (other, 2), (without, 1) })
            model.Proto.OpsetImport.Add(new OperatorSetIdProto { Domain = "ai.onnx.ml", Version = version });
        Assert.Equal("domain 'ai.onnx.ml': expected one version in all models, got 3 in 'tiny.onnx', 2 in 'tiny.onnx'; export them alike", Assert.Throws<InputException>(() => Merge(one, other)).Message);
        Assert.Equal([17, 3], Merge(one, without).Proto.OpsetImport.Select(import => import.Version));
    }

    [Fact]
    public void Equal_functions_are_there_once_and_different_ones_of_one_name_apart()
    {
        OnnxModel one = WithFunctions("Relu"), same = WithFunctions("Relu"), other = WithFunctions("Sigmoid");
        var equal = Merge(one, same).Proto;
        Assert.Equal(["Twice", "Once"], equal.Functions.Select(function => function.Name));
        Assert.Equal(["Twice", "Twice"], equal.Graph.Node.Where(node => node.Domain == "own").Select(node => node.OpType));

        var apart = Merge(one, other).Proto;
        Assert.Equal(["Twice", "Once", "b/Twice", "b/Once"], apart.Functions.Select(function => function.Name));
        Assert.Equal(["Twice", "b/Twice"], apart.Graph.Node.Where(node => node.Domain == "own").Select(node => node.OpType));
        Assert.Equal(["b/Once", "b/Once"], apart.Functions[2].Node.Select(node => node.OpType));
    }

    [Fact]
    public void Weights_of_both_files_and_of_data_beside_them_can_be_read_and_saved()
    {
        using TempFolder first = new(), second = new();
        byte[] large = TinyModel.Numbers(3000, 2), small = TinyModel.Numbers(3, 3);
        second.Write("w.bin", [.. large, .. small]);
        first.Write("w.bin", TinyModel.Numbers(3000, 7));
        var inline = TinyModel.Add(3000);
        new OnnxModel(inline, "m").Save(first["m.onnx"]);
        var outside = TinyModel.Of(TinyModel.Graph([TinyModel.Node("Add", ["x", "w"], ["z"]), TinyModel.Node("Add", ["z", "v"], ["y"])],
            TinyModel.External("w", 3000, ("location", "w.bin")), TinyModel.External("v", 3, ("location", "w.bin"), ("offset", $"{large.Length}"))));
        second.Write("m.onnx", outside.ToByteArray());

        var merged = GraphEdits.Merge([new(OnnxModel.Load(first["m.onnx"]), "a/"), new(OnnxModel.Load(second["m.onnx"]), "b/")]);
        merged.Save(first["merged.onnx"]);
        foreach (var model in (OnnxModel[])[merged, OnnxModel.Load(first["merged.onnx"])])
        {
            Assert.Equal([inline.Graph.Initializer[0].RawData.ToByteArray(), large, small], model.Proto.Graph.Initializer.Select(model.ReadRaw));
            Assert.Equal(["a/w", "b/w", "b/v"], model.Proto.Graph.Initializer.Select(tensor => tensor.Name));
        }
    }

    [Fact]
    public void Initializers_of_old_files_stay_constants()
    {
        var old = Classifier();
        old.Proto.IrVersion = 3;
        old.Proto.Graph.Input.Add([Value("conv.weight", 6, 3, 3, 3), Value("fc.weight", 4, 6), Value("fc.bias", 4)]);
        Assert.Equal(["picture"], Merge(old, Classifier()).Proto.Graph.Input.Select(input => input.Name));
        Assert.Equal(["picture", "a/conv.weight", "a/fc.weight", "a/fc.bias"], GraphEdits.Merge([Part(old, "a/")]).Proto.Graph.Input.Select(input => input.Name));
    }

    [Fact]
    public void Names_that_meet_all_the_same_are_refused()
    {
        var model = Classifier();
        foreach (var node in model.Proto.Graph.Node)
            node.Output[0] = node.Output[0] == "scores" ? "scores" : "b/" + node.Output[0];
        foreach (var node in model.Proto.Graph.Node.Skip(1))
            node.Input[0] = "b/" + node.Input[0];
        Assert.Contains("expected prefixes that keep names apart, got 'a/b/map'", Assert.Throws<InputException>(() => GraphEdits.Merge([Part(model, "a/"), Part(Classifier(), "a/b/")])).Message);
        Assert.Contains("expected an input 'pixels', got 'image'", Assert.Throws<InputException>(() => GraphEdits.Merge([new(model, "a/") { Inputs = new Dictionary<string, string> { ["pixels"] = "x" } }])).Message);
    }

    [Fact]
    public void A_training_graph_is_refused()
    {
        var model = Classifier();
        model.Proto.TrainingInfo.Add(new TrainingInfoProto());
        Assert.Contains("training_info", Assert.Throws<InputException>(() => Merge(Classifier(), model)).Message);
    }

    static OnnxModel Merge(params OnnxModel[] models) => GraphEdits.Merge([.. models.Select((model, i) => Part(model, $"{(char)('a' + i)}/"))]);

    static MergePart Part(OnnxModel model, string prefix) => new(model, prefix) { Inputs = SharedImage };

    /// <summary>A classifier whose last node calls Twice, which calls Once twice, which is the given operator.</summary>
    static OnnxModel WithFunctions(string once)
    {
        var model = Classifier(new NodeProto { OpType = "Twice", Domain = "own", Input = { "scores" }, Output = { "y" } });
        model.Proto.OpsetImport.Add(new OperatorSetIdProto { Domain = "own", Version = 1 });
        OperatorSetIdProto[] imports = [new() { Domain = "", Version = 17 }, new() { Domain = "own", Version = 1 }];
        model.Proto.Functions.Add(new FunctionProto
        {
            Name = "Twice",
            Domain = "own",
            Input = { "x" },
            Output = { "y" },
            OpsetImport = { imports },
            Node = { new NodeProto { OpType = "Once", Domain = "own", Input = { "x" }, Output = { "h" } }, new NodeProto { OpType = "Once", Domain = "own", Input = { "h" }, Output = { "y" } } },
        });
        model.Proto.Functions.Add(new FunctionProto { Name = "Once", Domain = "own", Input = { "x" }, Output = { "y" }, OpsetImport = { imports }, Node = { Node(once, ["x"], ["y"]) } });
        return model;
    }
}
