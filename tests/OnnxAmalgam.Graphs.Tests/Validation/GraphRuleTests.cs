using Onnx;
using static Onnx.TensorProto.Types;
using static OnnxAmalgam.Graphs.Tests.Files.TinyModel;
using static OnnxAmalgam.Graphs.Tests.Validation.Loading;

namespace OnnxAmalgam.Graphs.Tests.Validation;

public sealed class GraphRuleTests
{
    [Fact]
    public void A_missing_initializer_is_named_with_its_node() => Refused(
        Graph([Node("Add", ["x", "w"], ["a"]), Node("Mul", ["a", "v"], ["y"])]),
        "node 'Add_a' (Add): expected input 1 to be an earlier value or an initializer, got 'w', which nothing defines",
        "node 'Mul_y' (Mul): expected input 1 to be an earlier value or an initializer, got 'v', which nothing defines");

    [Fact]
    public void A_node_without_a_name_is_named_by_its_number()
    {
        var node = Node("Add", ["x", "w"], ["y"]);
        node.Name = "";
        Refused(Graph([node]), "node 1 (Add): expected input 1 to be an earlier value or an initializer, got 'w', which nothing defines");
    }

    [Fact]
    public void An_optional_input_left_out_is_fine() =>
        Load(Graph([Node("Clip", ["x", "", "w"], ["y"])], Weight("w", 1)));

    [Fact]
    public void A_cycle_is_told_node_by_node() => Refused(
        Graph([Node("Relu", ["x"], ["r"]), Node("Add", ["r", "c"], ["a"]), Node("Neg", ["a"], ["b"]), Node("Exp", ["b"], ["c"]), Node("Abs", ["c"], ["y"])]),
        ": expected a graph without cycles, got node 'Add_a' (Add) -> node 'Neg_b' (Neg) -> node 'Exp_c' (Exp) -> node 'Add_a' (Add)");

    [Fact]
    public void A_node_that_waits_for_itself_is_a_cycle() => Refused(
        Graph([Node("Add", ["x", "y"], ["y"])]), ": expected a graph without cycles, got node 'Add_y' (Add) -> node 'Add_y' (Add)");

    [Fact]
    public void A_cycle_through_a_body_is_found() => Refused(
        Graph([Node("If", ["x"], ["a"], Body("then_branch", BodyOf("t", [Node("Neg", ["y"], ["t"])]))), Node("Abs", ["a"], ["y"])]),
        ": expected a graph without cycles, got node 'If_a' (If) -> node 'Abs_y' (Abs) -> node 'If_a' (If)");

    [Fact]
    public void Unsorted_nodes_are_sorted_and_both_notes_say_so()
    {
        var model = Load(Graph([Node("Abs", ["b"], ["y"]), Node("Relu", ["x"], ["r"]), Node("Neg", ["x"], ["n"]), Node("Add", ["n", "r"], ["b"])]));
        Assert.Equal(["Relu_r", "Neg_n", "Add_b", "Abs_y"], model.Proto.Graph.Node.Select(n => n.Name));
        Assert.EndsWith(": nodes were not in topological order; sorted", Assert.Single(model.Notes));
        Assert.Contains("out of topological order", model.RoundTripNote);
        Assert.Equal(model.Notes, model.Clone().Notes);
    }

    [Fact]
    public void A_node_whose_body_captures_a_later_value_is_sorted_behind_it()
    {
        var body = Body("then_branch", BodyOf("t", [Node("If", ["x"], ["t"], Body("else_branch", BodyOf("u", [Node("Neg", ["late"], ["u"])])))]));
        var model = Load(Graph([Node("If", ["x"], ["y"], body), Node("Relu", ["x"], ["late"])]));
        Assert.Equal(["Relu_late", "If_y"], model.Proto.Graph.Node.Select(n => n.Name));
    }

    [Fact]
    public void Sorted_nodes_stay_where_they_are()
    {
        var model = Load(Graph([Node("Neg", ["x"], ["b"]), Node("Relu", ["x"], ["a"]), Node("Add", ["a", "b"], ["y"])]));
        Assert.Equal(["Neg_b", "Relu_a", "Add_y"], model.Proto.Graph.Node.Select(n => n.Name));
        Assert.Empty(model.Notes);
        Assert.Null(model.RoundTripNote);
    }

    [Fact]
    public void A_value_made_twice_is_refused()
    {
        Refused(Graph([Node("Relu", ["x"], ["y"]), Node("Neg", ["x"], ["y"])]), Twice("node 'Neg_y' (Neg)", "y"));
        Refused(Graph([Node("Relu", ["x"], ["x"]), Node("Neg", ["x"], ["y"])]), ": expected a graph without cycles, got node 'Relu_x' (Relu) -> node 'Relu_x' (Relu)");
        Refused(Graph([Node("Relu", ["x"], ["w"]), Node("Neg", ["x"], ["y"])], Weight("w", 1)), Twice("node 'Relu_w' (Relu)", "w"));
        Refused(Graph([Node("Split", ["x"], ["y", "y"])]), Twice("node 'Split_y_y' (Split)", "y"));
        Refused(Graph([Node("Relu", ["x"], ["y"])], Weight("w", 1), Weight("w", 1)), Twice("initializer 'w'", "w"));
        var graph = Graph([Node("Relu", ["x"], ["y"])]);
        graph.Input.Add(Value("x"));
        Refused(graph, Twice("input 'x'", "x"));
    }

    [Fact]
    public void A_name_of_the_outer_graph_is_not_defined_again_in_a_body()
    {
        GraphProto If(GraphProto body) => Graph([Node("Relu", ["x"], ["r"]), Node("If", ["r"], ["y"], Body("then_branch", body))]);

        Refused(If(BodyOf("r", [Node("Neg", ["x"], ["r"])])), Twice("node 'If_y' (If), 'then_branch', node 'Neg_r' (Neg)", "r"), Missing("node 'If_y' (If), 'then_branch', output 'r'"));
        Refused(If(BodyOf("t", [Node("Neg", ["r"], ["t"])], Weight("x", 1))), Twice("node 'If_y' (If), 'then_branch', initializer 'x'", "x"));
        var loop = BodyOf("t", [Node("Neg", ["r"], ["t"])]);
        loop.Input.Add(Value("r"));
        Refused(If(loop), Twice("node 'If_y' (If), 'then_branch', input 'r'", "r"));
    }

    [Fact]
    public void Branches_may_use_the_same_names_and_so_may_nodes_after_them() =>
        Load(Graph(
            [
                Node("If", ["x"], ["a"], Body("then_branch", BodyOf("t", [Node("Neg", ["x"], ["t"])])), Body("else_branch", BodyOf("t", [Node("Abs", ["x"], ["t"])]))),
                Node("Relu", ["a"], ["t"]),
                Node("Exp", ["t"], ["y"]),
            ]));

    [Fact]
    public void A_body_sees_names_around_it_and_nothing_else()
    {
        Load(Graph([Node("Relu", ["x"], ["r"]), Node("If", ["x"], ["y"], Body("b", BodyOf("t", [Node("Add", ["r", "w"], ["t"])])))], Weight("w", 1)));
        Refused(
            Graph([Node("If", ["x"], ["a"], Body("b", BodyOf("t", [Node("Neg", ["x"], ["t"])]))), Node("Abs", ["t"], ["y"])]),
            "node 'Abs_y' (Abs): expected input 0 to be an earlier value or an initializer, got 't', which nothing defines");
        Refused(
            Graph([Node("If", ["x"], ["y"], Body("b", BodyOf("t", [Node("Neg", ["q"], ["t"])])))]),
            "node 'If_y' (If), 'b', node 'Neg_t' (Neg): expected input 0 to be an earlier value or an initializer, got 'q', which nothing defines");
        Refused(Graph([Node("If", ["x"], ["y"], Body("b", BodyOf("x", [])))]), Missing("node 'If_y' (If), 'b', output 'x'"));
    }

    [Fact]
    public void An_output_must_be_a_value_and_appear_once()
    {
        var graph = Graph([Node("Relu", ["x"], ["y"])]);
        graph.Output.Add(Value("z"));
        graph.Output.Add(Value("y"));
        Refused(graph, Missing("output 'z'"), "output 'y': expected each output once, got it twice");
    }

    [Fact]
    public void An_initializer_may_be_an_inputs_default_and_must_fit_it()
    {
        var graph = Graph([Node("Add", ["x", "w"], ["y"])], Weight("w", 3));
        graph.Input.Add(Value("w"));
        Load(graph);
        graph.Input[1].Type.TensorType.Shape = new TensorShapeProto { Dim = { new TensorShapeProto.Types.Dimension { DimParam = "n" } } };
        Load(graph);
        graph.Input[1].Type.TensorType.Shape.Dim[0].DimValue = 4;
        graph.Input[1].Type.TensorType.ElemType = (int)DataType.Int32;
        Refused(graph,
            "initializer 'w': expected int32 as its input is declared, got float32",
            "initializer 'w': expected shape [4] as its input is declared, got [3]");
    }

    [Fact]
    public void Things_without_a_name_or_type_are_refused()
    {
        var graph = Graph([Node("", ["x"], ["y"])], Weight("", 1));
        graph.Input.Add(new ValueInfoProto { Name = "untyped" });
        graph.Input.Add(Value(""));
        graph.Input[0].Type.TensorType.ElemType = 99;
        Refused(graph,
            "input 'untyped': expected a type, got none",
            "input: expected a name, got none",
            "value 'x': expected a known element type, got 99",
            "initializer '': expected a name, got none",
            "node '_y' (): expected an op_type, got none");
    }

    [Fact]
    public void At_most_ten_findings_are_shown() =>
        Assert.EndsWith("\n... and 3 more", Assert.Throws<InvalidModelException>(() =>
            Load(Graph([Node("Sum", [.. Enumerable.Range(0, 13).Select(i => $"w{i}")], ["y"])]))).Message);

    [Fact]
    public void Control_characters_in_a_name_are_shown_escaped() => Refused(
        Graph([Node("Relu", ["a\u001b[31m\n"], ["y"])]),
        @"node 'Relu_y' (Relu): expected input 0 to be an earlier value or an initializer, got 'a\u001b[31m\u000a', which nothing defines");

    static string Twice(string place, string name) => $"{place}: expected every name defined once, got '{name}' a second time in the graphs that see each other";

    static string Missing(string place) => $"{place}: expected a value of this graph, got a name that it does not define";
}
