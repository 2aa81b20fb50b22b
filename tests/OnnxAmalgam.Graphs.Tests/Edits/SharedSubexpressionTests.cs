using Google.Protobuf.Collections;
using Onnx;
using OnnxAmalgam.Graphs.Edits;
using OnnxAmalgam.Graphs.Tests.Files;
using OnnxAmalgam.Tests.Shared;
using static Onnx.AttributeProto.Types;
using static Onnx.TensorProto.Types;
using static OnnxAmalgam.Graphs.Tests.Network;

namespace OnnxAmalgam.Graphs.Tests.Edits;

public sealed class SharedSubexpressionTests
{
    [Fact]
    public void A_network_that_is_there_twice_is_computed_once()
    {
        var model = Twice(Classifier(), Classifier());
        var before = model.ToBytes();
        var shared = GraphEdits.ShareSubexpressions(model).Proto.Graph;

        Assert.Equal([.. Classifier().Proto.Graph.Node.Select(node => node.OpType), "Identity"], shared.Node.Select(node => node.OpType));
        Assert.Equal(["0/scores", "1/scores"], shared.Node[^1].Input.Concat(shared.Node[^1].Output));
        Assert.Equal(["0/scores", "1/scores"], shared.Output.Select(output => output.Name));
        Assert.Equal(["0/conv.weight", "0/fc.weight", "0/fc.bias"], shared.Initializer.Select(tensor => tensor.Name));
        Assert.Equal(before, model.ToBytes());
    }

    [Fact]
    public void Two_heads_of_one_backbone_share_it_and_what_differs_stays()
    {
        var other = Classifier();
        other.Proto.Graph.Initializer[2] = FloatsOf("fc.bias", [4, 3, 2, 1], 4);
        var model = Twice(Classifier(), other);
        model.Proto.Graph.ValueInfo.Add([Value("1/map", "N", 6, 8, 8), Value("1/scores", "N", 4)]);
        var shared = GraphEdits.ShareSubexpressions(model).Proto.Graph;

        Assert.Equal(["Conv", "Relu", "GlobalAveragePool", "Flatten", "Gemm", "Gemm"], shared.Node.Select(node => node.OpType));
        Assert.Equal(["0/flat", "1/fc.weight", "1/fc.bias"], shared.Node[5].Input);
        Assert.Equal(["1/scores"], shared.ValueInfo.Select(info => info.Name));
        Assert.DoesNotContain("1/conv.weight", shared.Initializer.Select(tensor => tensor.Name));
        Assert.Contains("1/fc.weight", shared.Initializer.Select(tensor => tensor.Name));
    }

    /// <summary>What makes two nodes different, one thing at a time.</summary>
    [Theory]
    [InlineData("attribute")]
    [InlineData("missing attribute")]
    [InlineData("operator")]
    [InlineData("domain")]
    [InlineData("bytes")]
    [InlineData("shape")]
    [InlineData("type")]
    [InlineData("order of inputs")]
    [InlineData("left out output")]
    public void Nodes_that_differ_stay_both(string how)
    {
        NodeProto one = Node("Op", ["image", "w"], ["a", "b"], Int("axis", 1)), other = Node("Op", ["image", "v"], ["c", "d"], Int("axis", 1));
        TensorProto w = Integers("w", 1, 2, 3, 4), v = Integers("v", 1, 2, 3, 4);
        switch (how)
        {
            case "attribute": other.Attribute[0].I = 2; break;
            case "missing attribute": other.Attribute.Clear(); break;
            case "operator": other.OpType = "Po"; break;
            case "domain": other.Domain = "com.microsoft"; break;
            case "bytes": v = Integers("v", 1, 2, 3, 5); break;
            case "shape": v.Dims.Clear(); v.Dims.Add([2, 2]); break;
            case "type": v.DataType = (int)DataType.Uint64; break;
            case "order of inputs": (other.Input[0], other.Input[1]) = (other.Input[1], other.Input[0]); break;
            case "left out output": other.Output[1] = ""; break;
        }

        Assert.Equal(2, Shared(Model(Image("N", 4), [one, other], ["a", "c"], w, v)).Count);
    }

    [Fact]
    public void Names_texts_and_the_form_a_constant_is_stored_in_make_no_difference()
    {
        NodeProto one = Node("Op", ["image", "w"], ["a"], Int("axis", 1), Reals("alpha", 1)), other = Node("Op", ["image", "v"], ["c"], Reals("alpha", 1), Int("axis", 1));
        other.DocString = other.Attribute[0].DocString = "said elsewhere";
        other.Domain = "ai.onnx";
        var typed = new TensorProto { Name = "v", DataType = (int)DataType.Int64, Dims = { 2 }, Int64Data = { 7, 8 } };
        Assert.Equal(["Op", "Identity"], Shared(Model(Image("N", 4), [one, other], ["a", "c"], Integers("w", 7, 8), typed)).Select(node => node.OpType));
    }

    [Theory]
    [InlineData("RandomNormalLike", "")]
    [InlineData("Bernoulli", "")]
    [InlineData("Multinomial", "")]
    [InlineData("Anything", "unknown.domain")]
    public void What_may_give_another_result_a_second_time_is_computed_each_time(string type, string domain)
    {
        NodeProto[] nodes = [Node(type, ["image"], ["a"]), Node(type, ["image"], ["b"])];
        foreach (var node in nodes)
            node.Domain = domain;
        Assert.Equal(2, Shared(Model(Image("N", 4), nodes, ["a", "b"])).Count);

        var body = TinyModel.BodyOf("y", [nodes[0].Clone()]);
        body.Node[0].Output[0] = "y";
        NodeProto If(string output) => Node("If", ["c"], [output], TinyModel.Body("then_branch", body.Clone()), TinyModel.Body("else_branch", body.Clone()));
        Assert.Equal(2, Shared(Model(Image("N", 4), [If("a"), If("b")], ["a", "b"], TinyModel.Tensor("c", DataType.Bool, [1]))).Count);
    }

    [Fact]
    public void A_Dropout_that_may_train_is_computed_each_time_and_another_once()
    {
        OnnxModel Of(params string[] inputs) => Model(Image("N", 4), [Node("Dropout", inputs, ["a"]), Node("Dropout", inputs, ["b"])], ["a", "b"], Scalar("ratio", 0.5f), TinyModel.Tensor("training", DataType.Bool, [1]));
        Assert.Equal(["Dropout", "Dropout"], Shared(Of("image", "ratio", "training")).Select(node => node.OpType));
        Assert.Equal(["Dropout", "Identity"], Shared(Of("image", "ratio")).Select(node => node.OpType));
    }

    [Theory]
    [InlineData("Relu", true)]
    [InlineData("RandomUniformLike", false)]
    public void A_call_of_a_function_is_as_repeatable_as_its_body(string inside, bool shares)
    {
        var model = Model(Image("N", 4), [new NodeProto { OpType = "F", Domain = "own", Input = { "image" }, Output = { "a" } }, new NodeProto { OpType = "F", Domain = "own", Input = { "image" }, Output = { "b" } }], ["a", "b"]);
        model.Proto.OpsetImport.Add(new OperatorSetIdProto { Domain = "own", Version = 1 });
        model.Proto.Functions.Add(new FunctionProto { Name = "F", Domain = "own", Input = { "x" }, Output = { "y" }, Node = { Node(inside, ["x"], ["y"]) } });
        Assert.Equal(shares ? ["F", "Identity"] : ["F", "F"], Shared(model).Select(node => node.OpType));
    }

    [Fact]
    public void Bodies_are_equal_by_what_they_compute_whatever_their_names()
    {
        NodeProto Loop(string name, string output, string captured, float constant)
        {
            var body = TinyModel.BodyOf($"{name}sum", [Node("Add", [$"{name}x", $"{name}w"], [$"{name}t"]), Node("Mul", [$"{name}t", captured], [$"{name}sum"])], FloatsOf($"{name}w", [constant], 1));
            body.Input.Add([TinyModel.Value($"{name}i"), TinyModel.Value($"{name}c"), TinyModel.Value($"{name}x")]);
            body.Output.Insert(0, new ValueInfoProto { Name = $"{name}c" });
            return Node("Loop", ["trips", "c", "image"], [output], TinyModel.Body("body", body));
        }

        RepeatedField<NodeProto> Of(NodeProto other) => Shared(Model(Image("N", 4), [Node("Relu", ["image"], ["r"]), Node("Relu", ["image"], ["q"]), Node("Exp", ["image"], ["e"]), Loop("p.", "a", "r", 1), other], ["a", "b"],
            TinyModel.Tensor("c", DataType.Bool, [1]), Integers("trips", 3)));
        Assert.Equal(["Relu", "Exp", "Loop", "Identity"], Of(Loop("other.", "b", "q", 1)).Select(node => node.OpType));
        Assert.Equal(["Relu", "Exp", "Loop", "Loop"], Of(Loop("other.", "b", "q", 2)).Select(node => node.OpType));
        Assert.Equal(["Relu", "Exp", "Loop", "Loop"], Of(Loop("other.", "b", "e", 1)).Select(node => node.OpType));
    }

    [Fact]
    public void A_body_reads_the_value_that_stayed_unless_it_hides_the_name()
    {
        var reads = TinyModel.BodyOf("y", [Node("Neg", ["q"], ["y"])]);
        var hides = TinyModel.BodyOf("y", [Node("Neg", ["q"], ["y"])], Floats("q", 4));
        var nodes = Shared(Model(Image("N", 4), [Node("Relu", ["image"], ["r"]), Node("Relu", ["image"], ["q"]), Node("If", ["c"], ["a"], TinyModel.Body("then_branch", reads), TinyModel.Body("else_branch", hides))], ["a"], TinyModel.Tensor("c", DataType.Bool, [1])));
        Assert.Equal(["Relu", "If"], nodes.Select(node => node.OpType));
        Assert.Equal("r", nodes[1].Graph("then_branch")!.Node[0].Input[0]);
        Assert.Equal("q", nodes[1].Graph("else_branch")!.Node[0].Input[0]);
    }

    [Fact]
    public void A_default_that_a_caller_may_replace_is_no_constant()
    {
        var model = Model(Image("N", 4), [Node("Add", ["image", "w"], ["a"]), Node("Add", ["image", "v"], ["b"])], ["a", "b"], Integers("w", 1), Integers("v", 1));
        Assert.Equal(2, Shared(model).Count);
        model = Model(Image("N", 4), [Node("Add", ["image", "w"], ["a"]), Node("Add", ["image", "v"], ["b"])], ["a", "b"], Floats("w", 4), Floats("v", 4));
        Assert.Equal(["Add", "Identity"], Shared(model).Select(node => node.OpType));
        model.Proto.Graph.Input.Add([Value("w", 4), Value("v", 4)]);
        Assert.Equal(["Add", "Add"], Shared(model).Select(node => node.OpType));
    }

    [Fact]
    public void Weights_that_stay_in_their_files_are_compared_by_their_bytes()
    {
        using TempFolder folder = new();
        OnnxModel Saved(string name, int seed)
        {
            new OnnxModel(TinyModel.Of(TinyModel.Graph([Node("Constant", [], ["k"], new AttributeProto { Name = "value", Type = AttributeType.Tensor, T = TinyModel.Tensor("", DataType.Float, TinyModel.Numbers(3000, seed), 3000) }),
                Node("Add", ["x", "w"], ["h"]), Node("Mul", ["h", "k"], ["y"])], TinyModel.Tensor("w", DataType.Float, TinyModel.Numbers(5000), 5000))), name).Save(folder[name]);
            return OnnxModel.Load(folder[name]);
        }

        Assert.Equal(["Constant", "Add", "Mul", "Identity"], Shared(Twice(Saved("a.onnx", 1), Saved("b.onnx", 1), "x")).Select(node => node.OpType));
        Assert.Equal(["Constant", "Add", "Mul", "Constant", "Mul"], Shared(Twice(Saved("a.onnx", 1), Saved("b.onnx", 2), "x")).Select(node => node.OpType));
    }

    /// <summary>Random graphs of few operators, so that many nodes are equal: afterwards no two compute the same, every output is the expression it was,
    /// and doing it again changes nothing.</summary>
    [Fact]
    public void Any_graph_keeps_its_outputs_and_no_expression_twice()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var values = new List<string> { "image" };
            var nodes = new List<NodeProto>();
            for (var i = random.Next(1, 25); i > 0; i--)
            {
                string Any() => random.Next(4) == 0 ? $"w{random.Next(4)}" : values[random.Next(values.Count)];
                var name = $"v{nodes.Count}";
                nodes.Add(random.Next(2) == 0
                    ? Node(random.Next(2) == 0 ? "Relu" : "Neg", [Any()], [name])
                    : Node("Sub", [Any(), Any()], [name]));
                values.Add(name);
            }

            // w0 = w2 and w1 = w3
            TensorProto[] weights = [Scalar("w0", 1), Scalar("w1", 2), Scalar("w2", 1), Scalar("w3", 2)];
            string[] outputs = [.. values.Skip(1).Where(_ => random.Next(3) == 0).DefaultIfEmpty(values[^1])];
            var model = Model(Image("N", 4), [.. nodes], outputs, weights);
            var shared = GraphEdits.ShareSubexpressions(model);

            Assert.Equal(outputs, shared.Proto.Graph.Output.Select(output => output.Name));
            Assert.Equal(outputs.Select(Expressions(model).GetValueOrDefault), outputs.Select(Expressions(shared).GetValueOrDefault));
            var made = shared.Proto.Graph.Node.Where(node => node.OpType != "Identity").Select(node => Expressions(shared)[node.Output[0]]).ToArray();
            Assert.Equal(made.Distinct(StringComparer.Ordinal), made);
            Assert.Equal(shared.ToBytes(), GraphEdits.ShareSubexpressions(model).ToBytes());
            Assert.Equal(shared.Proto.Graph.Node.Count(node => node.OpType != "Identity"), Shared(shared).Count(node => node.OpType != "Identity"));
        }
    }

    static Dictionary<string, string> Expressions(OnnxModel model)
    {
        var text = new Dictionary<string, string>(StringComparer.Ordinal) { ["image"] = "image" };
        foreach (var tensor in model.Proto.Graph.Initializer)
            text[tensor.Name] = Convert.ToHexString(model.ReadRaw(tensor));
        foreach (var node in model.Proto.Graph.Node)
            text[node.Output[0]] = node.OpType == "Identity" ? text[node.Input[0]] : $"{node.OpType}({string.Join(',', node.Input.Select(input => text[input]))})";
        return text;
    }

    static RepeatedField<NodeProto> Shared(OnnxModel model) => GraphEdits.ShareSubexpressions(model).Proto.Graph.Node;

    static OnnxModel Twice(OnnxModel one, OnnxModel other, string image = "image") =>
        GraphEdits.Merge([.. new[] { one, other }.Select((model, i) => new MergePart(model, $"{i}/") { Inputs = new Dictionary<string, string> { [image] = image } })]);
}
