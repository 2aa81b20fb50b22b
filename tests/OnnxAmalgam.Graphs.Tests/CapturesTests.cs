using OnnxAmalgam.Graphs.Tests.Files;
using static OnnxAmalgam.Graphs.Tests.Network;

namespace OnnxAmalgam.Graphs.Tests;

public sealed class CapturesTests
{
    [Fact]
    public void A_plain_node_reads_its_inputs_each_once_without_those_left_out() =>
        Assert.Equal(["x", "high"], Captures.ReadBy(Node("Clip", ["x", "", "high", "x"], ["y"])));

    [Fact]
    public void A_body_reads_what_it_does_not_define_itself()
    {
        var body = TinyModel.BodyOf("out",
            [Node("Add", ["outer", "own"], ["a"]), Node("Add", ["a", "given"], ["b"]), Node("Add", ["b", "outer"], ["out"])], Floats("own", 1));
        body.Input.Add(Value("given"));
        Assert.Equal(["trips", "outer"], Captures.ReadBy(Node("Loop", ["trips", ""], ["y"], TinyModel.Body("body", body))));
        Assert.Same(body, Assert.Single(Captures.Bodies(Node("Loop", [], ["y"], TinyModel.Body("body", body)))));
    }

    [Fact]
    public void A_body_may_only_pass_on_an_outer_value()
    {
        var body = TinyModel.BodyOf("outer", []);
        Assert.Equal(["c", "outer"], Captures.ReadBy(Node("If", ["c"], ["y"], TinyModel.Body("then_branch", body))));
    }

    [Fact]
    public void Captures_reach_through_bodies_within_bodies()
    {
        var inner = TinyModel.BodyOf("i", [Node("Add", ["far", "near"], ["i"])]);
        var body = TinyModel.BodyOf("o", [Node("Identity", ["x"], ["near"]), Node("If", ["c"], ["o"], TinyModel.Body("then_branch", inner))]);
        Assert.Equal(["c", "x", "far"], Captures.ReadBy(Node("If", ["c"], ["y"], TinyModel.Body("then_branch", body))));
    }

    [Fact]
    public void A_view_counts_a_capture_as_a_use()
    {
        var body = TinyModel.BodyOf("made", [Node("Neg", ["features"], ["made"])]);
        var model = Classifier(Node("If", ["c"], ["y"], TinyModel.Body("then_branch", body), TinyModel.Body("else_branch", body.Clone())));
        var view = new GraphView(model.Proto.Graph);
        Assert.Equal(["GlobalAveragePool", "If"], view.Consumers("features").Select(node => node.OpType));
        Assert.Null(view.Producer("made"));
    }
}
