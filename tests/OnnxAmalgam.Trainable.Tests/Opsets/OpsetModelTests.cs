using Onnx;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Edits;
using OnnxAmalgam.Tests.Shared;
using static OnnxAmalgam.Trainable.Tests.Conformance.Case;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Tests.Opsets;

/// <summary>Whole models: those that lie here, bodies, local functions, names, and what is left as it was.</summary>
public sealed class OpsetModelTests : IDisposable
{
    readonly TorchSharp.DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    static Tensor X(params long[] shape) => rand(shape, generator: new Generator(5)) * 6 - 3;

    /// <summary>All but the one whose Dropout is in training mode: it never gives the same twice.</summary>
    public static TheoryData<string> Files =>
        [.. new[] { "models/teachers", "tests/fixtures/exports" }.SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Repository.Root, folder), "*.onnx").Where(file => !file.Contains("resnet_training", StringComparison.Ordinal)).Order(StringComparer.Ordinal).Select(file => $"{folder}/{Path.GetFileName(file)}"))];

    [Theory]
    [MemberData(nameof(Files))]
    public void A_file_that_lies_here_gives_the_same_at_the_newest_opset(string file)
    {
        var old = OnnxModel.Load(Path.Combine(Repository.Root, file));
        if (file.Contains("zipmap", StringComparison.Ordinal)) old = GraphEdits.Extract(old, ["probabilities"]);
        var image = new GraphView(old.Proto.Graph).Inputs[0];
        var half = image.Type.TensorType.ElemType == (int)TensorProto.Types.DataType.Float16;
        long[] shape = [.. image.Type.TensorType.Shape.Dim.Select((dim, i) => dim.DimValue > 0 ? dim.DimValue : i == 0 ? 3 : 28)];
        var x = X(shape).to_type(half ? ScalarType.Float16 : ScalarType.Float32);
        using var folder = new Folder();
        var (before, after) = (folder["old.onnx"], folder["new.onnx"]);
        old.Save(before);
        GraphEdits.WithOpset(old, 23).Save(after);
        Assert.Equal(23, OnnxModel.Load(after).Proto.OpsetImport.Single(import => import.Domain is "" or "ai.onnx").Version);
        var inputs = new Dictionary<string, Tensor> { [image.Name] = x };
        var (expected, actual) = (Ort.Run(before, inputs), Ort.Run(after, inputs));
        Assert.NotEmpty(expected);
        for (var i = 0; i < expected.Length; i++) Compare.Close(expected[i], actual[i], 1e-6, 1e-6, $"{file}, output {i}");
    }

    [Fact]
    public void Nodes_initializers_and_metadata_that_mean_the_same_keep_every_byte()
    {
        var old = OnnxModel.Load(Path.Combine(Repository.Root, "models/teachers/cifar_animals.onnx"));
        var newer = GraphEdits.WithOpset(old, 23);
        Assert.NotSame(old.Proto, newer.Proto);
        Assert.Equal(13, old.Proto.OpsetImport[0].Version);
        var proto = newer.Proto.Clone();
        proto.OpsetImport[0].Version = 13;
        proto.IrVersion = old.Proto.IrVersion;
        Assert.Equal(old.Proto, proto);
        Assert.Equal(old.ToBytes(), GraphEdits.WithOpset(old, 13).ToBytes());
    }

    [Theory]
    [InlineData(8, 3)]
    [InlineData(9, 4)]
    [InlineData(10, 5)]
    [InlineData(14, 7)]
    [InlineData(18, 8)]
    [InlineData(20, 9)]
    [InlineData(22, 10)]
    [InlineData(23, 11)]
    public void The_IR_version_is_the_least_that_the_opset_asks_for_and_never_lowered(int opset, int ir)
    {
        var model = new TinyModel(7).Input("x", X(2)).Node("Relu", "x", "y").Output("y");
        model.Proto.IrVersion = 3;
        Assert.Equal(ir, GraphEdits.WithOpset(model.Build(), opset).Proto.IrVersion);
        model.Proto.IrVersion = 12;
        Assert.Equal(12, GraphEdits.WithOpset(model.Build(), opset).Proto.IrVersion);
    }

    [Fact]
    public void Initializers_that_had_to_be_declared_as_inputs_need_not_be_from_IR_version_4_on()
    {
        Tensor x = X(2, 6), w = X(6, 4);
        var model = new TinyModel(8).Input("x", x).Input("w", w).Stored("w", w.clone()).Node("MatMul", "x w", "m").Node("Slice", "m", "y", A("starts", [1]), A("ends", [3]), A("axes", [1])).Output("y");
        model.Proto.IrVersion = 3;
        var newer = Upward.Same(model, 23, ("x", x)).Proto.Graph;
        Assert.Equal(["x"], newer.Input.Select(input => input.Name));
        Assert.Equal(["w", "y_starts", "y_ends", "y_axes"], newer.Initializer.Select(tensor => tensor.Name));
    }

    [Fact]
    public void Names_of_what_is_added_are_free()
    {
        var x = X(2, 3, 4);
        var model = new TinyModel(11).Input("x", x).Node("Relu", "x", "y_shape").Node("Softmax", "y_shape", "y").Node("Neg", "y", "y_matrix").Output("y", "y_matrix");
        model.Proto.Graph.Node[0].Name = "make_y_shape";
        var newer = Upward.Same(model, 13, ("x", x)).Proto.Graph;
        Assert.Equal(["y_shape", "y_shape_1", "y_matrix_1", "y_back", "y", "y_matrix"], newer.Node.SelectMany(node => node.Output));
        Assert.Equal(["make_y_shape", "make_y_shape_1", "make_y_matrix_1", "make_y", "make_y_back", "make_y_matrix"], newer.Node.Select(node => node.Name));
    }

    [Fact]
    public void Bodies_of_If_Loop_and_Scan_are_brought_along()
    {
        Tensor x = X(4, 1, 3), yes = tensor(true);
        var then = new TinyModel(11).Node("Squeeze", "x", "t", A("axes", [1])).Node("Clip", "t", "u", A("max", 1f)).Output("u");
        var otherwise = new TinyModel(11).Node("ReduceSum", "x", "o", A("axes", [1]), A("keepdims", 0)).Output("o");
        var each = new TinyModel(11).Input("in", X(3)).Input("row", X(3)).Node("Add", "in row", "sum").Node("Unsqueeze", "sum", "wide", A("axes", [0])).Node("ReduceMax", "wide", "out", A("axes", [0]), A("keepdims", 0)).Node("Identity", "out", "copy").Output("out", "copy");
        var again = new TinyModel(11).Input("i", tensor(0L)).Input("going", yes).Input("carried", X(3)).Node("Identity", "going", "on").Node("Pad", "carried", "padded", A("pads", [1, 0]), A("value", 2f)).Node("Slice", "padded", "next", A("starts", [0]), A("ends", [3])).Output("on", "next");
        var model = new TinyModel(8).Input("x", x).Input("c", yes).Stored("n", tensor(2L)).Stored("zero", zeros(3))
            .Node("If", "c", "f", A("then_branch", then), A("else_branch", otherwise))
            .Node("Scan", "zero f", "state rows", A("body", each), A("num_scan_inputs", 1))
            .Node("Loop", "n c state", "y", A("body", again)).Output("y", "rows");
        model.Proto.OpsetImport[0].Version = 9;
        foreach (var feed in (bool[])[true, false])
        {
            var newer = Upward.Same(model, 23, ("x", x), ("c", tensor(feed)));
            Assert.Equal(["n", "zero"], newer.Proto.Graph.Initializer.Select(tensor => tensor.Name));
            Assert.Equal(["u_max", "t_axes"], newer.Proto.Graph.Node[0].Graph("then_branch")!.Initializer.Select(tensor => tensor.Name));
        }
    }

    [Fact]
    public void Local_functions_are_brought_along_from_their_own_opset()
    {
        var x = X(2, 3, 4);
        var model = WithFunction(12, new NodeProto { OpType = "ReduceMean", Name = "mean", Input = { "a" }, Output = { "m" }, Attribute = { A("axes", [-1]) } },
            new NodeProto { OpType = "Softmax", Name = "soft", Input = { "m" }, Output = { "b" } });
        var newer = Upward.Same(model, 23, ("x", x)).Proto;
        Assert.Equal([23L, 1L], newer.OpsetImport.Select(import => import.Version));
        Assert.Equal(23, newer.Functions[0].OpsetImport[0].Version);
        Assert.Equal(["Constant", "ReduceMean", "Shape", "Flatten", "Softmax", "Reshape"], newer.Functions[0].Node.Select(node => node.OpType));
        Assert.Empty(newer.Graph.Initializer);
    }

    [Fact]
    public void What_cannot_be_known_in_a_local_function_is_refused_by_name()
    {
        var given = WithFunction(12, new NodeProto { OpType = "ReduceMean", Name = "mean", Input = { "a" }, Output = { "b" }, Attribute = { new AttributeProto { Name = "axes", RefAttrName = "over", Type = AttributeProto.Types.AttributeType.Ints } } });
        given.Proto.Functions[0].Attribute.Add("over");
        given.Proto.Graph.Node[0].Attribute.Add(A("over", [1]));
        Assert.Contains("function 'f', node 'mean' (ReduceMean-11): expected attributes that are stated, got 'axes', which each caller of the function gives", Upward.Refused(given, 18), StringComparison.Ordinal);
        var newer = WithFunction(20, new NodeProto { OpType = "Relu", Input = { "a" }, Output = { "b" } });
        newer.Proto.OpsetImport[0].Version = 17;
        Assert.Contains("'tiny.onnx', function 'f': expected an opset of at least 20, which it has, got 18; models are only brought upward", Upward.Refused(newer, 18), StringComparison.Ordinal);
    }

    static TinyModel WithFunction(int opset, params NodeProto[] nodes)
    {
        var model = new TinyModel(opset).Import("mine", 1).Input("x", X(2, 3, 4)).Node("f", "x", "y").Output("y");
        model.Proto.Graph.Node[0].Domain = "mine";
        model.Proto.Functions.Add(new FunctionProto { Name = "f", Domain = "mine", Input = { "a" }, Output = { "b" }, Node = { nodes }, OpsetImport = { new OperatorSetIdProto { Domain = "", Version = opset } } });
        return model;
    }

    [Fact]
    public void Other_domains_stay_as_they_are()
    {
        var x = X(2, 3);
        var model = new TinyModel(11).Import("com.microsoft", 1).Input("x", x).Node("Gelu", "x", "g").Node("Softmax", "g", "y").Output("y");
        model.Proto.Graph.Node[0].Domain = "com.microsoft";
        var newer = GraphEdits.WithOpset(model.Build(), 23);
        Assert.Equal([("", 23L), ("com.microsoft", 1L)], newer.Proto.OpsetImport.Select(import => (import.Domain, import.Version)));
        Assert.Equal(model.Proto.Graph.Node[0], newer.Proto.Graph.Node[0]);
    }

    [Fact]
    public void Everything_that_stands_in_the_way_is_named_at_once()
    {
        var model = new TinyModel(8).Input("x", X(2, 3)).Node("Affine", "x", "a").Node("Mish", "a", "b").Node("Dropout", "b", "c mask").Node("Erf", "c", "y").Output("y", "mask");
        Assert.Equal(
            "'tiny.onnx' cannot be brought to opset 13: node 'make_a' (Affine): expected an operator of ONNX up to opset 23, got 'Affine'; "
            + "node 'make_b' (Mish): expected an operator of opset 8, got one that begins with opset 18; node 'make_y' (Erf): expected an operator of opset 8, got one that begins with opset 9; "
            + "node 'make_c' (Dropout-7): expected a mask that nothing reads, because what it holds changed, got 'mask', which is read; "
            + "export the model again at opset 13, or go no further than opset 8",
            Upward.Refused(model, 13));
        var many = new TinyModel(7).Input("x", X(2));
        for (var i = 0; i < 12; i++) many.Node("Affine", i == 0 ? "x" : $"v{i - 1}", $"v{i}");
        Assert.Contains("; and 2 more; export", Upward.Refused(many.Output("v11"), 8), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(13, 12, "'tiny.onnx': expected an opset of at least 13, which it has, got 12; models are only brought upward")]
    [InlineData(6, 9, "'tiny.onnx': expected a model of opset 7 or newer, got opset 6; export the model again")]
    [InlineData(13, 24, "opset: expected 7 to 23, got 24")]
    [InlineData(13, 6, "opset: expected 7 to 23, got 6")]
    public void Opsets_beyond_the_list_and_downward_are_refused(int from, int to, string message) =>
        Assert.Equal(message, Upward.Refused(new TinyModel(from).Input("x", X(2)).Node("Relu", "x", "y").Output("y"), to));

    [Fact]
    public void A_model_without_an_opset_or_with_training_graphs_is_refused()
    {
        var model = new TinyModel().Input("x", X(2)).Node("Relu", "x", "y").Output("y");
        model.Proto.TrainingInfo.Add(new TrainingInfoProto());
        Assert.Contains("expected a model for inference, got one with training graphs", Upward.Refused(model, 18), StringComparison.Ordinal);
        model.Proto.TrainingInfo.Clear();
        model.Proto.OpsetImport.Clear();
        Assert.Contains("'tiny.onnx': expected an opset of ONNX's own domain, got none", Upward.Refused(model, 18), StringComparison.Ordinal);
    }

    sealed class Folder : IDisposable
    {
        readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("opset-");

        public string this[string file] => Path.Combine(folder.FullName, file);

        public void Dispose() => folder.Delete(recursive: true);
    }
}
