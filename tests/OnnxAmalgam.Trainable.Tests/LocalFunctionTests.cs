using Onnx;
using OnnxAmalgam.Graphs;
using static OnnxAmalgam.Trainable.Tests.Conformance.Case;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Tests;

public sealed class LocalFunctionTests
{
    [Fact]
    public void Functions_within_functions_compute_what_they_compute_in_ORT_and_their_weights_train()
    {
        using var scope = NewDisposeScope();
        var x = randn(3, 4);
        using var graph = new TrainableGraph(Model(x));
        Assert.Equal(["s1", "s2", "w1", "w2"], graph.Initializers.Keys.Order());
        Agree(graph, graph.WriteBack(), x, "as loaded");
        graph.train();
        using var optimizer = optim.SGD(graph.parameters(), 0.1);
        graph.forward(x).square().mean().backward();
        Assert.All(graph.Initializers, pair => Assert.True(pair.Value.grad!.abs().max().item<float>() > 0, $"'{pair.Key}' got no gradient"));
        optimizer.step();
        Agree(graph, graph.WriteBack(), x, "written");
    }

    [Fact]
    public void A_written_function_is_in_evaluation_form()
    {
        using var scope = NewDisposeScope();
        using var graph = new TrainableGraph(Model(randn(3, 4)));
        var written = graph.WriteBack().Proto.Functions.Single(function => function.Name == "Block");
        Assert.Equal(0, written.Node.Single(node => node.OpType == "BatchNormalization").Attribute.Single(attribute => attribute.Name == "training_mode").I);
    }

    [Fact]
    public void What_cannot_be_trained_within_a_function_is_named()
    {
        using var scope = NewDisposeScope();
        var model = Model(randn(3, 4));
        model.Proto.Functions[1].Node[0].OpType = "Unicorn";
        var refused = Assert.Throws<UnsupportedModelException>(() => new TrainableGraph(model));
        Assert.Equal(["make_y/inner/act", "make_z/inner/act"], refused.Nodes.Select(node => node.Node).Order());
    }

    [Fact]
    public void A_function_that_calls_itself_is_refused()
    {
        using var scope = NewDisposeScope();
        var model = Model(randn(3, 4));
        model.Proto.Functions[1].Node[0].OpType = "Block";
        model.Proto.Functions[1].Node[0].Domain = "org.example";
        model.Proto.Functions[1].Node[0].Attribute.Clear();
        Assert.Throws<InvalidModelException>(() => new TrainableGraph(model));
    }

    [Fact]
    public void Names_within_a_branch_of_a_function_are_its_own()
    {
        using var scope = NewDisposeScope();
        var x = randn(3);
        var tiny = new TinyModel().Import("org.example", 1).Input("x", x).Node("Neg", "x", "t").Node("F", "t", "y").Output("y");
        tiny.Proto.Graph.Node[1].Domain = "org.example";
        // the branch's own t is another than the caller's
        var branch = new TinyModel().Node("Constant", "", "t", A("value_float", 1f)).Node("Add", "a t", "o").Output("o");
        var function = new FunctionProto { Name = "F", Domain = "org.example", Input = { "a" }, Output = { "b" }, OpsetImport = { new OperatorSetIdProto { Domain = "", Version = 17 } } };
        function.Node.AddRange(new TinyModel().Node("ReduceSum", "a", "s", A("keepdims", 0)).Node("Greater", "s s", "c").Node("If", "c", "b", A("then_branch", branch), A("else_branch", branch)).Proto.Graph.Node);
        tiny.Proto.Functions.Add(function);
        using var graph = new TrainableGraph(tiny.Build());
        Compare.Close(1 - x, graph.forward(x), 1e-6, 1e-6, "the branch");
    }

    [Fact]
    public void A_training_mode_that_the_call_gives_is_written_in_evaluation_form()
    {
        using var scope = NewDisposeScope();
        var model = Model(randn(3, 4));
        var mode = model.Proto.Functions[0].Node.Single(node => node.OpType == "BatchNormalization").Attribute.Single(attribute => attribute.Name == "training_mode");
        mode.RefAttrName = "mode";
        mode.ClearI();
        model.Proto.Functions[0].AttributeProto.Add(A("mode", 1));
        using var graph = new TrainableGraph(model);
        var written = graph.WriteBack().Proto.Functions[0].Node.Single(node => node.OpType == "BatchNormalization").Attribute.Single(attribute => attribute.Name == "training_mode");
        Assert.Equal((0, false), (written.I, written.HasRefAttrName));
    }

    static void Agree(TrainableGraph graph, OnnxModel model, Tensor x, string what)
    {
        using var guard = no_grad();
        graph.eval();
        Compare.Close(Ort.Run(model.ToBytes(), new Dictionary<string, Tensor> { ["x"] = x })[0], graph.forward(x), 1e-5, 1e-5, what);
    }

    /// <summary>Block(x, w, scale, variance) = BatchNormalization(Act(x w)), Act = LeakyRelu with the call's slope; called twice, once with the default slope.</summary>
    static OnnxModel Model(Tensor x)
    {
        var tiny = new TinyModel().Import("org.example", 1).Input("x", x).Stored("w1", randn(4, 4)).Stored("w2", randn(4, 2))
            .Stored("s1", rand(4)).Stored("s2", rand(2)).Stored("v1", rand(4).add(0.5)).Stored("v2", rand(2).add(0.5))
            .Node("Block", "x w1 s1 v1", "z", A("slope", 0.4f)).Node("Block", "z w2 s2 v2", "y").Output("y");
        foreach (var node in tiny.Proto.Graph.Node) node.Domain = "org.example";
        var block = new FunctionProto { Name = "Block", Domain = "org.example" };
        block.Input.AddRange(["x", "w", "scale", "variance"]);
        block.Output.Add("y");
        block.Attribute.Add("unused");
        block.AttributeProto.Add(A("slope", 0.1f));
        block.OpsetImport.AddRange([new OperatorSetIdProto { Domain = "", Version = 17 }, new OperatorSetIdProto { Domain = "org.example", Version = 1 }]);
        block.Node.AddRange(new TinyModel().Node("MatMul", "x w", "h").Node("Act", "h", "a", new AttributeProto { Name = "alpha", RefAttrName = "slope", Type = AttributeProto.Types.AttributeType.Float })
            .Node("Sub", "variance variance", "zero").Node("BatchNormalization", "a scale scale zero variance", "y", A("training_mode", 1)).Proto.Graph.Node);
        (block.Node[1].Domain, block.Node[1].Name) = ("org.example", "inner");
        var act = new FunctionProto { Name = "Act", Domain = "org.example" };
        act.Input.Add("x");
        act.Output.Add("y");
        act.Attribute.Add("alpha");
        act.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = 17 });
        act.Node.Add(new NodeProto { Name = "act", OpType = "LeakyRelu" });
        act.Node[0].Input.Add("x");
        act.Node[0].Output.Add("y");
        act.Node[0].Attribute.Add(new AttributeProto { Name = "alpha", RefAttrName = "alpha", Type = AttributeProto.Types.AttributeType.Float });
        tiny.Proto.Functions.AddRange([block, act]);
        return tiny.Build();
    }
}
