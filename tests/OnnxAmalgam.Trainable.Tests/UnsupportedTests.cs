using Onnx;
using OnnxAmalgam.Trainable.Operators;
using static OnnxAmalgam.Trainable.Tests.Conformance.Case;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Tests;

public sealed class UnsupportedTests
{
    public static TheoryData<string> RowNames => [.. OperatorTable.All.Rows.Select(row => row.ToString())];

    public static TheoryData<string, int, AttributeProto, string> Refused => new()
    {
        { "Resize", 18, A("antialias", 1), "'make_y' (Resize-18): attribute 'antialias': expected 0 for nearest, got 1" },
        { "Resize", 13, A("mode", "lanczos"), "'make_y' (Resize-13): attribute 'mode': expected nearest or linear or cubic, got 'lanczos'" },
        { "Resize", 18, A("keep_aspect_ratio_policy", "keep"), "attribute 'keep_aspect_ratio_policy': expected stretch or not_larger or not_smaller, got 'keep'" },
        { "Resize", 13, A("coordinate_transformation_mode", "tf_half_pixel_for_nn"), "attribute 'coordinate_transformation_mode': expected half_pixel" },
        { "Resize", 13, A("nearest_mode", "simple"), "attribute 'nearest_mode': expected round_prefer_floor" },
        { "Conv", 13, A("auto_pad", "SAME"), "'make_y' (Conv-1): attribute 'auto_pad': expected NOTSET or SAME_UPPER or SAME_LOWER or VALID, got 'SAME'" },
        { "Gelu", 20, A("approximate", "sigmoid"), "attribute 'approximate': expected none or tanh, got 'sigmoid'" },
        { "BatchNormalization", 7, A("spatial", 0), "attribute 'spatial': expected 1, got 0" },
        { "LayerNormalization", 17, A("stash_type", 10), "attribute 'stash_type': expected 1 (float32), got 10" },
        { "LpNormalization", 13, A("p", 3), "attribute 'p': expected 1 or 2, got 3" },
        { "ScatterElements", 16, A("reduction", "max"), "attribute 'reduction': expected none or add or mul, got 'max'" },
        { "ScatterND", 18, A("reduction", "average"), "attribute 'reduction': expected none or add or mul or min or max, got 'average'" },
        { "Pad", 13, A("mode", "wrap"), "'make_y' (Pad-11): attribute 'mode': expected constant or reflect or edge, got 'wrap'" },
        { "DepthToSpace", 13, A("mode", "RDC"), "attribute 'mode': expected DCR or CRD, got 'RDC'" },
        { "Cast", 13, A("to", 8), "attribute 'to': expected a type that libtorch has, got string" },
        { "MaxPool", 13, A("strides", [2L]), "attribute 'kernel_shape': expected a size for each spatial axis, got none" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void A_value_that_a_kernel_does_not_honour_is_refused_with_node_attribute_expected_and_got(string type, int opset, AttributeProto attribute, string message)
    {
        using var scope = NewDisposeScope();
        var model = new TinyModel(opset).Input("x", randn(1, 1, 4, 4)).Node(type, "x", "y", type == "DepthToSpace" ? [attribute, A("blocksize", 2)] : [attribute]).Output("y").Build();
        var refused = Assert.Throws<UnsupportedModelException>(() => new TrainableGraph(model));
        Assert.Contains(message, refused.Message, StringComparison.Ordinal);
        Assert.StartsWith("model 'tiny.onnx': 1 node cannot be trained: node ", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(RowNames))]
    public void An_attribute_that_a_row_does_not_know_is_refused_by_name(string name)
    {
        var row = OperatorTable.All.Rows.Single(row => row.ToString() == name);
        var node = new NodeProto { Name = "n", OpType = row.Type, Domain = row.Domain };
        node.Attribute.Add(A("no_such_attribute", 1));
        var bound = new OperatorNode(node, row, new FloatTypes(null), _ => []);
        var refused = Assert.Throws<UnsupportedAttributeException>(bound.CheckDeclared);
        Assert.Equal($"attribute 'no_such_attribute': expected {(row.Attributes.Length == 0 ? "no attributes" : string.Join(", ", row.Attributes))}, got one that is not honoured", refused.Message);
    }

    [Fact]
    public void Everything_that_cannot_be_trained_is_named_at_once()
    {
        using var scope = NewDisposeScope();
        var model = new TinyModel().Import("org.example", 3).Input("x", randn(1, 4))
            .Node("Unicorn", "x", "a").Node("StringNormalizer", "x", "b").Node("Relu", "a", "c").Node("LpNormalization", "c", "d", A("p", 7))
            .Node("Mystery", "d", "y").Output("y", "b");
        model.Proto.Graph.Node[^1].Domain = "org.example";
        var refused = Assert.Throws<UnsupportedModelException>(() => new TrainableGraph(model.Build()));
        Assert.Equal(["make_a", "make_b", "make_d", "make_y"], refused.Nodes.Select(node => node.Node).Order());
        Assert.Equal(["LpNormalization-1", "StringNormalizer-17", "Unicorn-17", "org.example.Mystery-3"], refused.Nodes.Select(node => node.Operator).Order(StringComparer.Ordinal));
        Assert.All(refused.Nodes, node => Assert.Contains($"node '{node.Node}' ({node.Operator})", refused.Message, StringComparison.Ordinal));
        Assert.Equal(refused.Nodes, TrainingSupport.Missing(model.Build()));
    }

    [Fact]
    public void An_opset_that_the_table_does_not_hold_is_refused()
    {
        using var scope = NewDisposeScope();
        foreach (var (opset, expected) in ((int, string)[])[(5, "expected opset 6 or newer, got 5"), (24, "expected opset 23 at most, got 24")])
        {
            var model = new TinyModel(opset).Input("x", randn(1, 4)).Node("Relu", "x", "y").Output("y").Build();
            Assert.Contains(expected, Assert.Throws<UnsupportedModelException>(() => new TrainableGraph(model)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_second_output_that_no_kernel_makes_is_refused_where_it_is_used()
    {
        using var scope = NewDisposeScope();
        var model = new TinyModel().Input("x", randn(1, 4)).Stored("c", randn(4)).Node("BatchNormalization", "x c c c c", "y mean").Output("y", "mean").Build();
        Assert.Contains("got output 'mean' in use", Assert.Throws<UnsupportedModelException>(() => new TrainableGraph(model)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_rows_for_one_operator_and_opset_fail_at_start_up()
    {
        Operator row = new("Relu", Since: 6, _ => c => [c[0].alias()]);
        var failed = Assert.Throws<InvalidOperationException>(() => new OperatorTable([row, row with { Since = 14 }, row]));
        Assert.Contains("got several for Relu-6", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Lookup_takes_the_newest_row_at_or_under_the_opset()
    {
        Assert.Equal(13, OperatorTable.All.Find("", "Softmax", 13)!.Since);
        Assert.Equal(1, OperatorTable.All.Find("ai.onnx", "Softmax", 12)!.Since);
        Assert.Equal(13, OperatorTable.All.Find("", "Softmax", 23)!.Since);
        Assert.Null(OperatorTable.All.Find("", "RMSNormalization", 22));
        Assert.Null(OperatorTable.All.Find("org.example", "Softmax", 13));
    }

    [Theory]
    [InlineData("MatMul", new long[] { 1, 4 }, new long[] { 3, 5 })]
    [InlineData("MatMul", new long[] { 2, 3, 4 }, new long[] { 3, 4, 5 })]
    [InlineData("MatMul", new long[] { 4 }, new long[] { 3, 5 })]
    [InlineData("Gemm", new long[] { 1, 4 }, new long[] { 3, 5 })]
    [InlineData("Add", new long[] { 1, 4 }, new long[] { 3 })]
    [InlineData("Conv", new long[] { 1, 4, 5, 5 }, new long[] { 2, 3, 1, 1 })]
    public void Inputs_that_do_not_fit_are_an_error_that_names_model_node_and_shapes(string type, long[] left, long[] right)
    {
        using var scope = NewDisposeScope();
        using var graph = new TrainableGraph(new TinyModel().Input("x", randn(left)).Stored("w", randn(right)).Node(type, "x w", "y").Output("y").Build());
        var failed = Assert.ThrowsAny<OnnxAmalgam.Graphs.InputException>(() => graph.forward(randn(left)));
        Assert.Matches($@"^model 'tiny.onnx', node 'make_y' \({type}-\d+\): expected inputs that fit together, got Float32\[{string.Join(", ", left)}\], Float32\[{string.Join(", ", right)}\]: ", failed.Message);
    }

    [Fact]
    public void Inputs_of_another_type_are_an_error_too()
    {
        using var scope = NewDisposeScope();
        var model = new TinyModel().Input("x", randn(1, 4)).Stored("w", randn(4, 5).to_type(ScalarType.Float64)).Node("MatMul", "x w", "y").Output("y").Build();
        using var graph = new TrainableGraph(model);
        Assert.ThrowsAny<OnnxAmalgam.Graphs.InputException>(() => graph.forward(randn(1, 4)));
    }

    [Fact]
    public void A_constant_of_a_type_that_libtorch_lacks_is_named_with_its_node()
    {
        using var scope = NewDisposeScope();
        var value = new TensorProto { DataType = (int)TensorProto.Types.DataType.Int4, Dims = { 2 }, RawData = Google.Protobuf.ByteString.CopyFrom(0x21) };
        var model = new TinyModel(21).Input("x", randn(2)).Stored("scale", tensor(0.5f))
            .Node("Constant", "", "c", new AttributeProto { Name = "value", Type = AttributeProto.Types.AttributeType.Tensor, T = value }).Node("DequantizeLinear", "c scale", "d").Node("Mul", "x d", "y").Output("y").Build();
        Assert.Equal("make_c", Assert.Single(Assert.Throws<UnsupportedModelException>(() => new TrainableGraph(model)).Nodes).Node);
        Assert.Contains("int4", Assert.Single(TrainingSupport.Missing(model)).Reason, StringComparison.Ordinal);
    }
}
