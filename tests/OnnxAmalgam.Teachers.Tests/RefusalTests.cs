using Microsoft.ML.OnnxRuntime.Tensors;
using Onnx;
using OnnxAmalgam.Graphs;
using static Onnx.TensorProto.Types;
using static OnnxAmalgam.Teachers.Tests.TinyModel;

namespace OnnxAmalgam.Teachers.Tests;

public sealed class RefusalTests
{
    [Theory]
    [InlineData("com.example", "Frobnicate")]
    [InlineData("com.microsoft", "EPContext")]
    [InlineData("com.microsoft.nchwc", "Conv")]
    public void Operators_that_may_load_foreign_code_are_named(string domain, string type)
    {
        NodeProto node = Node(type, ["x"], ["y"]);
        node.Domain = domain;

        Refused(Of(Value("x", DataType.Float, -1, 3), [node], [Value("y", DataType.Float, -1, 3)]), "y", $"node '{type}_y' ({domain}:{type})");
    }

    [Fact]
    public void They_are_found_in_bodies_and_functions_too()
    {
        NodeProto inner = Node("EPContext", [], ["z"]);
        inner.Domain = "com.microsoft";
        GraphProto body = new() { Name = "body", Node = { inner }, Output = { Value("z", DataType.Float, 3) } };
        NodeProto branch = Node("If", ["flag"], ["y"],
            new AttributeProto { Name = "then_branch", Type = AttributeProto.Types.AttributeType.Graph, G = body },
            new AttributeProto { Name = "else_branch", Type = AttributeProto.Types.AttributeType.Graph, G = body.Clone() });
        NodeProto call = Node("F", ["x"], ["flag"]);
        NodeProto hidden = Node("Hidden", ["x"], ["f"]);
        NodeProto buried = Node("Buried", [], ["z"]);
        (call.Domain, hidden.Domain, buried.Domain) = ("local", "com.example", "com.example");
        NodeProto choice = Node("If", ["x"], ["g"], new AttributeProto
        {
            Name = "then_branch",
            Type = AttributeProto.Types.AttributeType.Graph,
            G = new() { Name = "inside", Node = { buried }, Output = { Value("z", DataType.Float, 3) } },
        });
        OnnxModel model = Of(Value("x", DataType.Bool, 1), [call, branch], [Value("y", DataType.Float, 3)]);
        model.Proto.OpsetImport.Add(new OperatorSetIdProto { Domain = "local", Version = 1 });
        model.Proto.Functions.Add(new FunctionProto { Domain = "local", Name = "F", Input = { "x" }, Output = { "f" }, Node = { hidden, choice } });

        var error = Assert.Throws<InputException>(() => Admission.Check(model));

        Assert.Contains("(com.microsoft:EPContext)", error.Message, StringComparison.Ordinal);
        Assert.Contains("(com.example:Hidden)", error.Message, StringComparison.Ordinal);
        Assert.Contains("(com.example:Buried)", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("(local:F)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void External_data_that_points_into_memory_is_refused()
    {
        OnnxModel model = Classifier();
        TensorProto weight = model.Proto.Graph.Initializer[0];
        weight.ClearRawData();
        weight.DataLocation = DataLocation.External;
        weight.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = "*/_ORT_MEM_ADDR_/*" });

        Assert.Contains("initializer 'w' (external data in memory)", Assert.Throws<InputException>(() => Admission.Check(model)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_newer_IR_names_the_newest_that_runs()
    {
        string message = Refused(Of(Value("x", DataType.Float, 3), [Node("Neg", ["x"], ["y"])], [Value("y", DataType.Float, 3)], ir: 99), "y", "got IR 99, opset 17");

        Assert.Matches(@"'tiny\.onnx': expected a model that ONNX Runtime 1\.31\.1 runs \(IR <= \d+\)", message);
        Assert.Contains("export with an older IR version", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_newer_opset_names_the_newest_that_runs()
    {
        string message = Refused(Of(Value("x", DataType.Float, 3), [Node("Neg", ["x"], ["y"])], [Value("y", DataType.Float, 3)], opset: 99), "y", "got IR 8, opset 99");

        Assert.Matches(@"runs \(opset <= \d+\)", message);
        Assert.Contains("export with a lower opset", message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_operator_that_does_not_exist_is_one_line_with_a_remedy()
    {
        string message = Refused(Of(Value("x", DataType.Float, 3), [Node("Frobnicate", ["x"], ["y"])], [Value("y", DataType.Float, 3)]), "y", "Frobnicate");

        Assert.EndsWith("; replace the operator, or read values before it.", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void A_value_that_needs_two_inputs_names_both()
    {
        OnnxModel model = new(Proto([Value("x", DataType.Float, 3), Value("mask", DataType.Float, 3)], [Node("Add", ["x", "mask"], ["y"])], [Value("y", DataType.Float, 3)], []), "two.onnx");

        Refused(model, "y", "'two.onnx': expected values that depend on one input, got 2 inputs ('x', 'mask')");
    }

    [Fact]
    public void A_value_that_does_not_depend_on_the_image_is_refused()
    {
        OnnxModel model = Of(Value("x", DataType.Float, -1, 3), [Node("Neg", ["c"], ["y"]), Node("Neg", ["x"], ["z"])], [Value("y", DataType.Float, 1), Value("z", DataType.Float, -1, 3)], [Weight("c", [1], 1)]);

        Refused(model, "y", "'tiny.onnx', 'y': expected values that depend on the input 'x', got constants");
    }

    [Fact]
    public void The_input_itself_is_no_output() =>
        Refused(Classifier(), "x", "output 'x': expected a value that the graph computes, got its input");

    [Fact]
    public void ONNX_Runtimes_own_format_is_refused()
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory().FullName, "model.ort");
        File.WriteAllBytes(path, Classifier().ToBytes());

        Refused(OnnxModel.Load(path), "logits", "model.ort': expected an .onnx file, got ONNX Runtime's own format");
    }

    [Fact]
    public void Views_of_another_type_shape_count_or_address_are_refused_before_anything_is_written()
    {
        using FrozenModel model = new(Classifier(), ["logits"]);
        PinnedTensor<float> x = PinnedTensor.Noise(4, 3), y = PinnedTensor.Floats(4, 2);

        Assert.Throws<ArgumentException>(() => model.Run(x.View with { Type = TensorElementType.Double }, [y.View]));
        Assert.Throws<ArgumentException>(() => model.Run(x.View, [y.View with { Type = TensorElementType.Float16 }]));
        Assert.Throws<ArgumentException>(() => model.Run(x.View, [y.View with { Shape = [3, 2] }]));
        Assert.Throws<ArgumentException>(() => model.Run(x.View, [y.View with { Pointer = 0 }]));
        Assert.Throws<ArgumentException>(() => model.Run(x.View, [y.View with { Device = new(IsCuda: true) }]));
        Assert.Throws<ArgumentException>(() => model.Run(x.View, []));
        Assert.False(y.Values.ContainsAnyExcept(-12345));
    }

    [Theory]
    [InlineData(4, 5)]
    [InlineData(0, 3)]
    public void An_image_of_the_wrong_size_names_both_shapes(long batch, long width)
    {
        using FrozenModel model = new(Classifier(), ["logits"]);

        var error = Assert.Throws<InputException>(() => model.OutputShapes([batch, width]));

        Assert.Contains($"'tiny.onnx', input 'x': expected [?, 3], got [{batch}, {width}]", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_graph_that_fails_while_running_names_its_file()
    {
        OnnxModel model = Of(Value("x", DataType.Float, -1, 3), [Node("Reshape", ["x", "shape"], ["y"])], [Value("y", DataType.Float, 1, 3)], [Indices("shape", 1, 3)]);
        using FrozenModel teacher = new(model, ["y"]);

        var error = Assert.Throws<InputException>(() => teacher.OutputShapes([2, 3]));

        Assert.StartsWith("'tiny.onnx': expected a graph that runs on input [2, 3], got '", error.Message, StringComparison.Ordinal);
    }

    static string Refused(OnnxModel model, string output, string expected)
    {
        var error = Assert.Throws<InputException>(() => new FrozenModel(model, [output]));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        return error.Message;
    }

    [Fact]
    public void Bytes_that_do_not_fill_their_shape_never_reach_ONNX_Runtime()
    {
        using var session = new PlainSession(Of(Value("x", DataType.Float, -1, 3), [Node("Relu", ["x"], ["y"])], [Value("y", DataType.Float, -1, 3)]));
        TensorData Of12(int bytes) => new(TensorElementType.Float, [1, 3], new byte[bytes]);
        session.Prepare(new Dictionary<string, TensorData> { ["x"] = Of12(12) }).Dispose();
        Assert.Contains("'tiny.onnx', input 'x': expected 12 bytes for 1x3, got 8", Assert.Throws<InputException>(() => session.Prepare(new Dictionary<string, TensorData> { ["x"] = Of12(8) })).Message, StringComparison.Ordinal);
    }
}
