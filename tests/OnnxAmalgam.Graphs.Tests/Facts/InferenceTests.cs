using Onnx;
using OnnxAmalgam.Graphs.Tests.Files;
using OnnxAmalgam.Graphs.Tests.Tools;
using static Onnx.TensorProto.Types;
using static OnnxAmalgam.Graphs.Tests.Network;

namespace OnnxAmalgam.Graphs.Tests.Inference;

public sealed class InferenceTests
{
    public static TheoryData<string> Models =>
    [
        "models/teachers/digits_resnet", "models/teachers/fashion_mixer", "models/teachers/cifar_animals", "models/teachers/cifar_vehicles",
        .. new[]
        {
            "dynamo", "encoder", "external_data", "fixed_batch_1_reshape", "float16_graph", "float16_weights", "mobilenet_opset13", "mobilenet_opset17",
            "nhwc_tf2onnx", "resnet_batchnorm_opset11", "resnet_batchnorm_opset17", "resnet_folded_opset13", "resnet_training_opset17", "softmax_tail",
            "tied_weights", "vit_opset13", "vit_opset17", "weights_as_inputs",
        }.Select(name => $"tests/fixtures/exports/{name}"),
    ];

    [Theory]
    [MemberData(nameof(Models))]
    public void Wherever_onnx_infers_a_shape_ours_is_the_same(string file)
    {
        var path = Path.Combine(Python.Root, file + ".onnx");
        var model = OnnxModel.Load(path);
        var fixedBatch = Graphs.Anatomy.ImageInput(model).Type.TensorType.Shape.Dim[0] is { HasDimValue: true } dim ? dim.DimValue : 5;
        Graphs.Anatomy.ImageInput(model).Type.TensorType.Shape.Dim[0].DimValue = fixedBatch;
        var facts = Graphs.Facts.Infer(model);

        var lines = Python.Lines(Path.Combine(Python.Root, "tests", "OnnxAmalgam.Graphs.Tests", "Facts", "onnx_shapes.py"), path, $"{fixedBatch}");
        Assert.NotEmpty(lines);
        foreach (var line in lines)
        {
            var parts = line.Split('\t');
            Assert.True(facts.TryGetValue(parts[0], out var fact), $"'{parts[0]}' is not inferred");
            Assert.Equal((parts[0], parts[1]), (parts[0], ((int)fact.Type).ToString(System.Globalization.CultureInfo.InvariantCulture)));
            var expected = parts[2].Length == 0 ? [] : parts[2].Split(',');
            var got = fact.Shape!.Select(one => one.ToString()).ToArray();
            Assert.Equal(expected.Length, got.Length);
            Assert.Equal(string.Join(',', expected), string.Join(',', got.Zip(expected, (ours, theirs) => theirs == "?" ? "?" : ours)));
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Every_value_of_a_real_model_has_a_whole_shape(string file)
    {
        var model = OnnxModel.Load(Path.Combine(Python.Root, file + ".onnx"));
        var facts = Graphs.Facts.Infer(model);
        foreach (var value in model.Proto.Graph.Node.SelectMany(node => node.Output).Where(name => name.Length > 0))
        {
            Assert.True(facts.TryGetValue(value, out var fact), $"'{value}' is not inferred");
            Assert.True(fact.Shape is { } shape && shape.All(dim => dim.Size is not null || dim.Symbol is not null), $"'{value}': {fact}");
        }
    }

    [Fact]
    public void Free_sizes_come_out_as_expressions_of_their_names()
    {
        var model = Model(Image("N", 3, "H", "W"),
            [
                Node("Conv", ["image", "w"], ["conv"], Ints("pads", 1, 1, 1, 1), Ints("strides", 2, 2)),
                Node("MaxPool", ["conv"], ["pool"], Ints("kernel_shape", 2, 2), Ints("strides", 2, 2)),
                Node("Flatten", ["pool"], ["flat"]),
                Node("Concat", ["image", "image"], ["twice"], Int("axis", 0)),
                Node("GlobalAveragePool", ["pool"], ["mean"]),
                Node("Reshape", ["mean", "shape"], ["y"]),
            ],
            ["y"], Floats("w", 4, 3, 3, 3), Integers("shape", -1, 4));
        var facts = Graphs.Facts.Infer(model);

        Assert.Equal("Float[N,4,floor((H-1)/2)+1,floor((W-1)/2)+1]", facts["conv"].ToString());
        Assert.Equal(["N", "4"], facts["pool"].Shape!.Take(2).Select(dim => dim.ToString()));
        Assert.Equal("2*N", facts["twice"].Shape![0].ToString());
        Assert.Equal("Float[N,4]", facts["y"].ToString());
        Assert.Equal("N", facts["flat"].Shape![0].ToString());
        Assert.Equal(4, facts["w"].Rank);
    }

    [Fact]
    public void A_constant_rest_of_a_division_is_a_number()
    {
        // H twice as large, then halved: (2H - 1) / 2 rounded down is H - 1
        var model = Model(Image("N", 3, "H", 8),
            [Node("Upsample", ["image", "scales"], ["wide"]), Node("Conv", ["wide", "w"], ["y"], Ints("pads", 1, 1, 1, 1), Ints("strides", 2, 2))], ["y"],
            FloatsOf("scales", [1, 1, 2, 2], 4), Floats("w", 4, 3, 3, 3));
        model.Proto.OpsetImport[0].Version = 9;
        Assert.Equal("Float[N,4,H,8]", Graphs.Facts.Infer(model)["y"].ToString());
    }

    [Fact]
    public void Constants_that_cannot_be_are_not_computed_with()
    {
        var model = Model(Image("N", 3),
            [
                Node("ConstantOfShape", ["huge"], ["none"]), Node("Add", ["none", "none"], ["sum"]),
                Node("Transpose", ["pair"], ["turned"], Ints("perm", 0, 0)),
                Node("Reshape", ["two", "three"], ["odd"]), Node("Gather", ["odd", "last"], ["picked"]), Node("Add", ["odd", "three"], ["both"]),
                Node("Reshape", ["last", "wide"], ["endless"]),
                Node("Relu", ["image"], ["y"]),
            ],
            ["y"], Integers("wide", 1L << 40, 1L << 40), Integers("huge", int.MaxValue, 0), TinyModel.Tensor("pair", DataType.Int64, new byte[16], 2, 1), Integers("two", 1, 2), Integers("three", 3), Integers("last", 2));
        Assert.Equal("Float[N,3]", Graphs.Facts.Infer(model)["y"].ToString());
    }

    [Fact]
    public void Shape_arithmetic_is_carried_through()
    {
        var model = Model(Image("N", 3, 8, 8),
            [
                Node("Shape", ["image"], ["sizes"]), Node("Gather", ["sizes", "zero"], ["n"]), Node("Unsqueeze", ["n", "zero1"], ["n1"]),
                Node("Mul", ["n1", "three"], ["n3"]), Node("Concat", ["n3", "rest"], ["wanted"], Int("axis", 0)), Node("Reshape", ["image", "wanted"], ["y"]),
            ],
            ["y"], TinyModel.Tensor("zero", DataType.Int64, new byte[8]), Integers("zero1", 0), Integers("three", 3), Integers("rest", 64));
        Assert.Equal("Float[3*N,64]", Graphs.Facts.Infer(model)["y"].ToString());
    }

    [Theory]
    [InlineData("Cast #to=7", "Int64[N,4]")]
    [InlineData("Cast #to=10", "Float16[N,4]")]
    [InlineData("ArgMax #axis=1 #keepdims=0", "Int64[N]")]
    [InlineData("Shape", "Int64[2]")]
    [InlineData("Size", "Int64[]")]
    [InlineData("Greater one", "Bool[N,4]")]
    [InlineData("Softmax", "Float[N,4]")]
    [InlineData("Add matrix", "Float[N,4]")]
    [InlineData("Add column", "Float[N,4]")]
    [InlineData("Unsqueeze axis", "Float[N,1,4]")]
    [InlineData("QuantizeLinear one byte", "Uint8[N,4]")]
    public void Element_types_and_ranks_follow_the_operator(string text, string fact)
    {
        var words = text.Split(' ');
        var attributes = words.Where(word => word[0] == '#').Select(word => word[1..].Split('=')).Select(pair => Int(pair[0], long.Parse(pair[1], System.Globalization.CultureInfo.InvariantCulture)));
        var model = Model(Image("N", 4), [Node(words[0], ["image", .. words.Skip(1).Where(word => word[0] != '#')], ["y"], [.. attributes])], ["y"],
            Scalar("one", 1), Floats("matrix", 1, 4), Floats("column", 1, 1), Integers("axis", 1), TinyModel.Tensor("byte", DataType.Uint8, [0]));
        Assert.Equal(fact, Graphs.Facts.Infer(model)["y"].ToString());
    }

    [Fact]
    public void What_cannot_be_known_is_absent_and_not_guessed()
    {
        var model = Model(Image("N", 4), [Node("Custom", ["image"], ["a"]), Node("Relu", ["a"], ["b"]), Node("NonZero", ["image"], ["c"])], ["b"]);
        var facts = Graphs.Facts.Infer(model);
        Assert.DoesNotContain("a", facts.Keys);
        Assert.DoesNotContain("b", facts.Keys);
        Assert.Equal("Int64[2,?]", facts["c"].ToString());
    }

    [Fact]
    public void Gaps_are_filled_from_what_the_file_declares_and_knowledge_is_not()
    {
        var model = Model(Image("N", 4), [Node("Custom", ["image"], ["a"]), Node("Relu", ["a"], ["b"]), Node("Relu", ["image"], ["c"])], ["b", "c"]);
        model.Proto.Graph.ValueInfo.Add([Value("a", "N", 7), Value("c", "M", 9)]);
        var facts = Graphs.Facts.Infer(model);
        Assert.Equal("Float[N,7]", facts["b"].ToString());
        Assert.Equal("Float[N,4]", facts["c"].ToString());
    }

    [Fact]
    public void An_If_gives_what_its_branches_agree_on()
    {
        GraphProto Branch(string output, params NodeProto[] nodes) => TinyModel.BodyOf(output, nodes);
        OnnxModel Of(NodeProto other, params TensorProto[] weights) => Model(Image("N", 4),
            [Node("If", ["condition"], ["y"], TinyModel.Body("then_branch", Branch("t", Node("Relu", ["image"], ["t"]))), TinyModel.Body("else_branch", Branch("e", other)))],
            ["y"], weights);
        Assert.Equal("Float[N,4]", Graphs.Facts.Infer(Of(Node("Neg", ["image"], ["e"])))["y"].ToString());
        Assert.Equal("Float[N,?]", Graphs.Facts.Infer(Of(Node("Concat", ["image", "image"], ["e"], Int("axis", 1))))["y"].ToString());
        var decided = Of(Node("Concat", ["image", "image"], ["e"], Int("axis", 1)), TinyModel.Tensor("condition", DataType.Bool, [0]));
        Assert.Equal("Float[N,8]", Graphs.Facts.Infer(decided)["y"].ToString());
    }

    [Fact]
    public void A_models_own_function_is_walked_with_its_attributes()
    {
        var model = OnnxModel.Load(Path.Combine(AppContext.BaseDirectory, "Files", "Exported", "onnx_function_1_12.onnx"));
        Assert.NotEmpty(model.Proto.Functions);
        var facts = Graphs.Facts.Infer(model);
        Assert.All(model.Proto.Graph.Output, output => Assert.True(facts.ContainsKey(output.Name), output.Name));
    }

    [Fact]
    public void Functions_of_one_name_are_told_apart_by_their_overload()
    {
        var model = Model(Image("N", 4, 4), [Node("F", ["image"], ["a"]), Node("F", ["image"], ["b"])], ["a", "b"]);
        foreach (var (overload, node) in new[] { ("flat", Node("Flatten", ["x"], ["y"])), ("same", Node("Identity", ["x"], ["y"])) })
            model.Proto.Functions.Add(new FunctionProto { Name = "F", Domain = "own", Overload = overload, Input = { "x" }, Output = { "y" }, Node = { node }, OpsetImport = { new OperatorSetIdProto { Version = 17 } } });
        foreach (var (call, overload) in model.Proto.Graph.Node.Zip(["same", "flat"]))
            (call.Domain, call.Overload) = ("own", overload);
        var facts = Graphs.Facts.Infer(model);
        Assert.Equal(("Float[N,4,4]", "Float[N,16]"), (facts["a"].ToString(), facts["b"].ToString()));
    }

    [Fact]
    public void A_functions_attribute_reaches_nodes_within_branches()
    {
        NodeProto Flat(string output) => Node("Flatten", ["x"], [output], new AttributeProto { Name = "axis", RefAttrName = "at", Type = AttributeProto.Types.AttributeType.Int });
        var model = Model(Image("N", 4, 4), [Node("F", ["image", "condition"], ["y"], Int("at", 2))], ["y"], TinyModel.Tensor("condition", DataType.Bool, [1]));
        var branch = Node("If", ["c"], ["y"], TinyModel.Body("then_branch", TinyModel.BodyOf("t", [Flat("t")])), TinyModel.Body("else_branch", TinyModel.BodyOf("e", [Flat("e")])));
        model.Proto.Functions.Add(new FunctionProto { Name = "F", Domain = "own", Input = { "x", "c" }, Output = { "y" }, Attribute = { "at" }, Node = { branch }, OpsetImport = { new OperatorSetIdProto { Version = 17 } } });
        var again = model.Proto.Graph.Node[0].Clone();
        again.Output[0] = "z";
        again.Attribute[0].I = 1;
        model.Proto.Graph.Node.Add(again);
        foreach (var call in model.Proto.Graph.Node)
            call.Domain = "own";
        var before = model.ToBytes();
        var facts = Graphs.Facts.Infer(model);
        Assert.Equal(("Float[4*N,4]", "Float[N,16]"), (facts["y"].ToString(), facts["z"].ToString()));
        Assert.Equal(before, model.ToBytes());
    }

    [Fact]
    public void Arithmetic_on_sizes_rounds_as_the_runtime_does()
    {
        // 10 times the float next to .7 is 7 in float32, and 6.9999998 in double
        var model = Model(Image("N", 10),
            [
                Node("Shape", ["image"], ["sizes"]), Node("Gather", ["sizes", "one"], ["size"]), Node("Cast", ["size"], ["real"], Int("to", 1)), Node("Mul", ["real", "factor"], ["scaled"]),
                Node("Floor", ["scaled"], ["whole"]), Node("Cast", ["whole"], ["wanted"], Int("to", 7)), Node("Expand", ["value", "wanted"], ["y"]),
            ],
            ["y"], Integers("one", 1), FloatsOf("factor", [0.7f], 1), FloatsOf("value", [1f], 1));
        Assert.Equal("Float[7]", Graphs.Facts.Infer(model)["y"].ToString());
    }

    [Fact]
    public void Sizes_beyond_all_measure_are_no_crash()
    {
        var model = Model(Image("N", long.MaxValue, long.MaxValue), [Node("Flatten", ["image"], ["y"])], ["y"]);
        Assert.DoesNotContain("y", Graphs.Facts.Infer(model).Keys);
    }
}
