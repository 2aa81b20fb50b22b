using OnnxAmalgam.Graphs.Edits;
using static OnnxAmalgam.Graphs.Tests.Network;

namespace OnnxAmalgam.Graphs.Tests.Edits;

public sealed class BranchTests
{
    [Fact]
    public void The_rest_of_the_network_is_there_twice_with_the_same_weights()
    {
        var model = Classifier();
        var before = model.ToBytes();
        var edited = GraphEdits.Branch(model, "features", "scores", out var input, out var branch);

        var graph = edited.Proto.Graph;
        Assert.Equal(model.Proto.Graph.Node, graph.Node.Take(5));
        Assert.Equal(["GlobalAveragePool", "Flatten", "Gemm"], graph.Node.Skip(5).Select(node => node.OpType));
        Assert.Equal([[input], ["pool_branch"], ["flat_branch", "fc.weight", "fc.bias"]], graph.Node.Skip(5).Select(node => node.Input.ToArray()));
        Assert.Equal(branch, graph.Node[^1].Output[0]);
        Assert.Equal(model.Proto.Graph.Initializer, graph.Initializer);
        Assert.Equal(Value(input, "N", 6, 8, 8), graph.Input[^1]);
        Assert.Equal(model.Proto.Graph.Output, graph.Output);
        Assert.Equal(before, model.ToBytes());
    }

    [Fact]
    public void What_goes_round_the_value_is_shared_and_names_stay_unique()
    {
        var model = Model(Image("N", 3, 8, 8),
            [
                Node("Conv", ["image", "w"], ["map"], Ints("pads", 1, 1, 1, 1)), Node("Relu", ["map"], ["map_given"]), Node("Sigmoid", ["map_given"], ["s"]),
                Node("Add", ["s", "map"], ["sum"]), Node("GlobalAveragePool", ["sum"], ["sum_branch"]), Node("Flatten", ["sum_branch"], ["scores"]),
            ],
            ["scores"], Floats("w", 5, 3, 3, 3));
        var graph = GraphEdits.Branch(model, "map_given", "scores", out var input, out _).Proto.Graph;
        Assert.Equal(["s_branch", "map"], graph.Node[7].Input);
        Assert.Equal("map_given_given", input);
        var names = graph.Node.SelectMany(node => node.Output).Append(input).ToArray();
        Assert.Equal(names.Length, names.Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public void A_result_that_does_not_depend_on_the_value_is_refused()
    {
        var e = Assert.Throws<InputException>(() => GraphEdits.Branch(Classifier(), "scores", "features", out _, out _));
        Assert.Equal("'tiny.onnx': expected 'features' to be computed from 'scores', got none of it there; choose a tap before the scores", e.Message);
    }
}
