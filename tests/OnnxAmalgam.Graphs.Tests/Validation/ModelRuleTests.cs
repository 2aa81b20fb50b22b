using Google.Protobuf;
using Onnx;
using static Onnx.AttributeProto.Types;
using static OnnxAmalgam.Graphs.Tests.Files.TinyModel;
using static OnnxAmalgam.Graphs.Tests.Validation.Loading;

namespace OnnxAmalgam.Graphs.Tests.Validation;

public sealed class ModelRuleTests
{
    [Fact]
    public void Each_domain_is_imported_once_under_either_of_its_names()
    {
        var model = Add();
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "com.microsoft", Version = 1 });
        Load(model);
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "ai.onnx", Version = 13 });
        Refused(model, ": expected one opset_import of domain '', got versions 17, 13");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(1L << 40)]
    public void An_opset_version_is_a_positive_int(long version)
    {
        var model = Add();
        model.OpsetImport[0].Version = version;
        Refused(model, $": expected an opset version of 1 or more for domain '', got {version}");
    }

    [Fact]
    public void A_model_without_opset_or_IR_version_is_refused_but_for_the_first_IR_versions()
    {
        var model = Add();
        model.OpsetImport.Clear();
        Refused(model, ": expected an opset_import, got none; is the file cut off?");
        model.IrVersion = 2;
        Load(model);
        model.ClearIrVersion();
        Refused(model, ": expected an ir_version of 1 or more, got none");
    }

    [Fact]
    public void Newer_versions_than_known_are_noted_and_not_refused()
    {
        var model = Add();
        Assert.Empty(Load(model).Notes);
        model.IrVersion = 99;
        model.OpsetImport[0].Version = 999;
        var notes = Load(model).Notes;
        Assert.Equal(2, notes.Count);
        Assert.Contains(": ir_version 99 is newer than ", notes[0]);
        Assert.Contains(": opset 999 is newer than ", notes[1]);
    }

    public static TheoryData<AttributeProto, string?> Attributes => new()
    {
        { new AttributeProto { Type = AttributeType.Float, F = 1 }, null },
        { new AttributeProto { Type = AttributeType.Ints }, null },
        { new AttributeProto { Type = AttributeType.Int }, null }, // a proto3 writer's 0
        { new AttributeProto { Type = AttributeType.String, S = ByteString.Empty }, null },
        { new AttributeProto { Type = AttributeType.TypeProto, Tp = Value("x").Type }, null },
        { new AttributeProto { Type = AttributeType.Float, I = 1 }, "one value of type FLOAT, got INT" },
        { new AttributeProto { Type = AttributeType.Float, F = 1, Ints = { 1 } }, "one value of type FLOAT, got FLOAT and INTS" },
        { new AttributeProto { Type = AttributeType.Ints, Floats = { 1 } }, "one value of type INTS, got FLOATS" },
        { new AttributeProto { Type = AttributeType.Tensor }, "one value of type TENSOR, got none" },
        { new AttributeProto { Type = AttributeType.Graph }, "one value of type GRAPH, got none" },
        { new AttributeProto { F = 1 }, "a type, got none and FLOAT" },
        { new AttributeProto { Type = (AttributeType)99, F = 1 }, "a known type, got 99" },
        { new AttributeProto { Type = AttributeType.Float, RefAttrName = "r" }, "a value, got a reference to 'r', which only functions may have" },
    };

    [Theory]
    [MemberData(nameof(Attributes))]
    public void An_attribute_has_one_value_of_its_type(AttributeProto attribute, string? message)
    {
        attribute.Name = "a";
        var graph = Graph([Node("Custom", ["x"], ["y"], attribute)]);
        if (message is null) Load(graph);
        else Refused(graph, $"node 'Custom_y' (Custom), attribute 'a': expected {message}");
    }

    [Fact]
    public void Attributes_have_names_of_their_own() => Refused(
        Graph([Node("Custom", ["x"], ["y"], new AttributeProto { Name = "a", Type = AttributeType.Int, I = 1 }, new AttributeProto { Name = "a", Type = AttributeType.Int, I = 2 }, new AttributeProto { Type = AttributeType.Int, I = 2 })]),
        "node 'Custom_y' (Custom), attribute 'a': expected each attribute once, got it twice",
        "node 'Custom_y' (Custom), attribute '': expected a name, got none");

    [Fact]
    public void A_function_sees_its_inputs_and_makes_its_outputs()
    {
        Load(With(Function("F", ["a"], ["b"], Node("Relu", ["a"], ["b"]))));
        Refused(With(Function("F", ["a"], ["b"], Node("Add", ["a", "w"], ["b"]))),
            "function 'F', node 'Add_b' (Add): expected input 1 to be an earlier value or an initializer, got 'w', which nothing defines");
        Refused(With(Function("F", ["a"], ["c"], Node("Relu", ["a"], ["b"]))),
            "function 'F', output 'c': expected a value of this function, got a name that it does not define");
        Refused(With(Function("F", ["a", "a"], ["b"], Node("Relu", ["a"], ["b"]))), "function 'F': expected each input once, got 'a' twice");
    }

    [Fact]
    public void A_function_may_refer_to_its_call_and_has_an_identity_of_its_own()
    {
        var function = Function("F", ["a"], ["b"], Node("LeakyRelu", ["a"], ["b"], new AttributeProto { Name = "alpha", RefAttrName = "slope", Type = AttributeType.Float }));
        function.Attribute.Add("slope");
        Load(With(function));
        Refused(With(function, function.Clone()), "function 'F': expected one function of this name in domain 'local', got two");
        var overload = function.Clone();
        overload.Overload = "2";
        Load(With(function, overload));
        function.AttributeProto.Add(new AttributeProto { Name = "slope", Type = AttributeType.Float, F = 1 });
        Refused(With(function), "function 'F': expected each attribute once, got 'slope' twice");
    }

    [Fact]
    public void Functions_that_call_each_other_in_a_ring_are_refused()
    {
        var ring = Enumerable.Range(0, 3).Select(i => Function($"F{i}", ["a"], ["b"], Call($"F{(i + 1) % 3}", "a", "t"), Call($"F{(i + 2) % 3}", "t", "b"))).ToArray();
        Refused(With(ring), "function 'F0': expected calls that nest at most 100 deep, got more; does it call itself?");

        var inBody = Function("F", ["a"], ["b"], Node("If", ["a"], ["b"], Body("then_branch", BodyOf("t", [Call("F", "a", "t")]))));
        Refused(With(inBody), "function 'F': expected calls that nest at most 100 deep, got more; does it call itself?");
    }

    [Theory]
    [InlineData(101, true)]
    [InlineData(102, false)]
    public void Calls_nest_up_to_100_deep(int functions, bool isValid)
    {
        var chain = Enumerable.Range(0, functions)
            .Select(i => Function($"F{i}", ["a"], ["b"], i == functions - 1 ? Node("Relu", ["a"], ["b"]) : Call($"F{i + 1}", "a", "b"))).ToArray();
        if (isValid) Load(With(chain));
        else Refused(With(chain), "function 'F0': expected calls that nest at most 100 deep, got more; does it call itself?");
    }

    [Fact]
    public void Functions_that_double_with_every_call_are_checked_in_no_time()
    {
        var tower = Enumerable.Range(0, 90)
            .Select(i => Function($"F{i}", ["a"], ["b"], i == 89 ? [Node("Relu", ["a"], ["b"])] : [Call($"F{i + 1}", "a", "t"), Call($"F{i + 1}", "t", "b")])).ToArray();
        Load(With(tower));
    }

    static ModelProto With(params FunctionProto[] functions)
    {
        var model = Add();
        model.Functions.Add(functions);
        return model;
    }

    static NodeProto Call(string function, string input, string output)
    {
        var node = Node(function, [input], [output]);
        node.Domain = "local";
        return node;
    }

    static FunctionProto Function(string name, string[] inputs, string[] outputs, params NodeProto[] nodes) => new()
    {
        Name = name,
        Domain = "local",
        Input = { inputs },
        Output = { outputs },
        Node = { nodes },
        OpsetImport = { new OperatorSetIdProto { Domain = "", Version = 17 } },
    };

    [Fact]
    public void Functions_that_double_are_counted_before_they_are_put_in_place()
    {
        var model = Of(Graph([new NodeProto { OpType = "f30", Domain = "d", Input = { "x" }, Output = { "y" } }]));
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "d", Version = 1 });
        for (var i = 0; i <= 30; i++)
        {
            NodeProto Call(string from, string to) => i == 0 ? Node("Neg", [from], [to]) : new NodeProto { OpType = $"f{i - 1}", Domain = "d", Input = { from }, Output = { to } };
            model.Functions.Add(new FunctionProto { Name = $"f{i}", Domain = "d", Input = { "a" }, Output = { "c" }, Node = { Call("a", "b"), Call("b", "c") }, OpsetImport = { model.OpsetImport } });
        }

        Refused(model, ": expected at most 1000000 nodes with its functions in place of their calls, got more");
    }

    [Theory]
    [InlineData("Conv", 1, "2 inputs at least, got 1")]
    [InlineData("Div", 0, "2 inputs at least, got 0")]
    [InlineData("BatchNormalization", 4, "5 inputs at least, got 4")]
    public void What_no_node_can_do_without_is_named(string type, int inputs, string message)
    {
        var graph = Graph([Node(type, [.. Enumerable.Repeat("x", inputs)], ["y"])]);
        Refused(graph, $"node '{type}_y' ({type}): expected {message}");
    }
}
