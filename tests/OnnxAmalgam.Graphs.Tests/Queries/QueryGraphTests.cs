using Onnx;
using OnnxAmalgam.Graphs.Queries;
using static OnnxAmalgam.Graphs.Tests.Network;

namespace OnnxAmalgam.Graphs.Tests.Queries;

/// <summary>Elements, edges and facts of graphs that are not plain chains.</summary>
public sealed class QueryGraphTests
{
    static string Names(IEnumerable<GraphElement> elements) => string.Join(' ', elements.Select(Name));

    /// <summary>An op goes by the value it makes.</summary>
    static string Name(GraphElement element) => element.Node?.Output[0] ?? element.Name;

    /// <summary>image -> Conv a -> {Relu b, Conv c} -> Add d -> ... : b and c lie on one path each.</summary>
    static OnnxModel Branching() => Model(
        Image("N", 3, 8, 8),
        [
            Node("Conv", ["image", "w"], ["a"]),
            Node("Relu", ["a"], ["b"]),
            Node("Conv", ["a", "w1"], ["c"]),
            Node("Add", ["b", "c"], ["d"]),
            Node("GlobalAveragePool", ["d"], ["e"]),
            Node("Flatten", ["e"], ["f"]),
            Node("Gemm", ["f", "fc", "fcb"], ["g"]),
        ],
        ["g"],
        Floats("w", 6, 3, 1, 1), Floats("w1", 6, 6, 1, 1), Floats("fc", 6, 4), Floats("fcb", 4));

    [Fact]
    public void Dominators_are_what_every_path_passes_through_but_the_image()
    {
        var graph = new QueryGraph(Branching());
        Assert.Equal("a d e f g", Names(graph.Tensors.Where(tensor => tensor.IsDominator)));
        Assert.Equal("a d e f g", Names(graph.Ops.Where(op => op.IsDominator)));
        Assert.Equal("b c", Names(graph.Select("tensor[!dominator & !image]")));
    }

    [Fact]
    public void Depth_is_the_longest_way_from_the_input_and_distance_the_shortest_to_the_output()
    {
        var graph = new QueryGraph(Branching());
        Assert.Equal([0, 1, 2, 2, 3, 4, 5, 6], graph.Tensors.Select(tensor => tensor.Depth!.Value));
        Assert.Equal([6, 5, 4, 4, 3, 2, 1, 0], graph.Tensors.Select(tensor => tensor.Distance!.Value));
    }

    [Fact]
    public void A_path_holds_both_branches()
    {
        var graph = new QueryGraph(Branching());
        Assert.Equal(["a", "b", "b", "c", "c", "d", "d"], graph.Value("a")!.Alone.PathTo(graph.Value("d")!.Alone).Select(Name));
    }

    [Fact]
    public void A_way_ends_at_the_first_that_satisfies_the_condition_on_each_branch()
    {
        var graph = new QueryGraph(Branching());
        Assert.Equal("b c", Names(graph.Select("tensor[logits] <~ flow until [kind=tensor & (type=Relu or type=Conv)]")));
    }

    [Theory]
    [InlineData("tensor[image] ~> flow(1..3) until [type=Add]", "")]
    [InlineData("tensor[image] ~> flow(5) until [type=Add]", "d")]
    [InlineData("tensor[image] ~> flow* until [type=Add]", "d")]
    [InlineData("tensor[image] ~> flow(6..) until [type=Add]", "")]
    [InlineData("tensor[image] ~> flow(3..) until [type=Relu or type=Conv]", "")]
    [InlineData("tensor[image] ~> flow(0..2) until [image]", "image")]
    [InlineData("tensor[logits] <~ flow(8) until [kind=tensor & type=Conv]", "c")]
    [InlineData("tensor[logits] <~ flow(9..12) until [kind=tensor & type=Conv]", "a")]
    public void A_way_that_ends_may_be_bounded(string query, string names) => Assert.Equal(names, Names(new QueryGraph(Branching()).Select(query)));

    [Theory]
    [InlineData("tensor[type=Conv or type=Relu] by type last", "b c")]
    [InlineData("tensor[type=Conv or type=Relu] by type last last", "c")]
    [InlineData("tensor[type=Conv or type=Relu] sort depth desc by type first", "b c")]
    [InlineData("tensor[type=Conv or type=Relu] sort name desc by type first", "c b")]
    public void Picks_keep_the_order_of_what_they_pick_from(string query, string names) => Assert.Equal(names, Names(new QueryGraph(Branching()).Select(query)));

    [Theory]
    [InlineData("op[attr(alpha)=0.1]", "a")]
    [InlineData("op[attr(alpha)>=0.1]", "a")]
    [InlineData("op[attr(alpha)!=0.1]", "b")]
    [InlineData("op by attr(alpha) first", "a b")]
    public void A_float_is_the_number_that_one_writes(string query, string names)
    {
        AttributeProto Alpha(float value) => new() { Name = "alpha", Type = AttributeProto.Types.AttributeType.Float, F = value };
        var model = Model(Image("N", 3), [Node("LeakyRelu", ["image"], ["a"], Alpha(0.1f)), Node("LeakyRelu", ["a"], ["b"], Alpha(1e-12f))], ["b"]);
        Assert.Equal(names, Names(new QueryGraph(model).Select(query)));
    }

    [Fact]
    public void Initializers_come_in_the_order_of_their_users_whatever_the_file_says()
    {
        var model = Branching();
        var stored = model.Proto.Graph.Initializer.Reverse().ToArray();
        model.Proto.Graph.Initializer.Clear();
        model.Proto.Graph.Initializer.Add(stored);
        Assert.Equal("w w1 fc fcb", Names(new QueryGraph(model).Initializers));
    }

    [Fact]
    public void Roles_are_seen_through_what_turns_a_weight()
    {
        var model = Model(Image("N", 6),
            [
                Node("Transpose", ["w"], ["turned"]),
                Node("MatMul", ["image", "turned"], ["product"]),
                Node("Add", ["product", "b"], ["scores"]),
                Node("BatchNormalization", ["scores", "s", "o", "m", "v"], ["normal"]),
            ],
            ["normal"],
            Floats("w", 4, 6), Floats("b", 4), Floats("s", 4), Floats("o", 4), Floats("m", 4), Floats("v", 4));
        Assert.Equal(["w weight", "b bias", "s scale", "o bias", "m mean", "v variance"], new QueryGraph(model).Initializers.Select(one => $"{one.Name} {one.Role}"));
    }

    [Fact]
    public void A_head_whose_weight_is_turned_first_is_the_head_all_the_same()
    {
        var model = Model(Image("N", 6),
            [Node("Transpose", ["w"], ["turned"]), Node("MatMul", ["image", "turned"], ["product"]), Node("Add", ["product", "b"], ["scores"])],
            ["scores"], Floats("w", 4, 6), Floats("b", 4));
        Assert.Equal("w b", Names(new QueryGraph(model).Select("initializer[head]")));
    }

    [Fact]
    public void What_a_Constant_holds_is_an_initializer()
    {
        var constant = Node("Constant", [], ["held"], new AttributeProto { Name = "value", Type = AttributeProto.Types.AttributeType.Tensor, T = Floats("", 6) });
        var graph = new QueryGraph(Model(Image("N", 6), [constant, Node("Mul", ["image", "held"], ["scaled"])], ["scaled"]));
        Assert.Equal("held", Names(graph.Initializers));
        Assert.Equal("scaled", Names(graph.Select("op[type=Constant] ~> produces <~ uses")));
        Assert.Equal("image scaled", Names(graph.Tensors));
        Assert.Equal([1, 0], graph.Ops.Select(op => op.Distance));
    }

    [Fact]
    public void A_body_that_captures_a_value_is_fed_by_it()
    {
        var branch = new GraphProto { Name = "branch" };
        branch.Node.Add(Node("Relu", ["a"], ["inner"]));
        branch.Output.Add(new ValueInfoProto { Name = "inner" });
        AttributeProto Body(string name) => new() { Name = name, Type = AttributeProto.Types.AttributeType.Graph, G = branch };
        var model = Model(Image("N", 3), [Node("Neg", ["image"], ["a"]), Node("If", ["condition"], ["chosen"], Body("then_branch"), Body("else_branch"))], ["chosen"], Integers("condition", 1));
        Assert.Equal("chosen", Names(new QueryGraph(model).Select("tensor[name=a] ~> feeds")));
    }

    [Fact]
    public void The_same_under_two_names_is_found_both_ways()
    {
        var model = Model(Image("N", 6),
            [Node("Identity", ["image"], ["again"]), Node("Mul", ["again", "x"], ["one"]), Node("Mul", ["one", "y"], ["two"]), Node("Mul", ["two", "z"], ["three"])],
            ["three"], Floats("x", 6), Floats("y", 6), FloatsOf("z", [1, 1, 1, 1, 1, 1], 6));
        var graph = new QueryGraph(model);
        Assert.Equal("again", Names(graph.Select("tensor[image] ~> same-as")));
        Assert.Equal("image", Names(graph.Select("tensor[name=again] <~ same-as")));
        Assert.Equal("x y", Names(graph.Select("initializer ~> same-as")));
        Assert.Equal("x", Names(graph.Select("initializer[name=y] ~> same-as")));
    }

    [Fact]
    public void Labels_of_the_metadata_are_predicted_by_the_scores()
    {
        var model = Classifier();
        model.Proto.MetadataProps.Add(new StringStringEntryProto { Key = "names", Value = "{0: 'cat', 1: 'dog', 2: 'bird', 3: 'cat'}" });
        var graph = new QueryGraph(model);
        Assert.Equal("cat dog bird cat", Names(graph.Select("tensor[logits] ~> predicts")));
        Assert.Equal("cat dog bird cat", Names(graph.Select("model ~> predicts")));
        Assert.Equal("cat dog bird cat", Names(graph.Select("task ~> owns")));
        Assert.Equal("scores", Names(graph.Select("label[name=dog] <~ predicts [kind=tensor]")));
        Assert.Equal("cat cat", Names(graph.Select("label[count(~> same-as) > 0]")));
    }

    [Fact]
    public void A_written_out_swish_is_an_activation()
    {
        var model = Model(Image("N", 6), [Node("Sigmoid", ["image"], ["gate"]), Node("Mul", ["image", "gate"], ["swish"]), Node("Mul", ["swish", "image"], ["product"])], ["product"]);
        Assert.Equal("gate swish", Names(new QueryGraph(model).Select("tensor[activation]")));
    }

    [Fact]
    public void A_model_that_is_no_classifier_of_images_can_be_asked_too()
    {
        var model = Model(Image("N", 6), [Node("Add", ["image", "second"], ["sum"])], ["sum"]);
        model.Proto.Graph.Input.Add(Value("second", "N", 6));
        var graph = new QueryGraph(model);
        Assert.Equal("image second sum", Names(graph.Select("tensor[rank=2]")));
        Assert.Empty(graph.Select("tensor[dominator or tap or logits or image]"));
        Assert.Empty(graph.Select("tensor[channels > 0]"));
    }

    [Theory]
    [InlineData("digits_resnet")]
    [InlineData("fashion_mixer")]
    [InlineData("cifar_animals")]
    [InlineData("cifar_vehicles")]
    public void The_default_tap_is_a_query_in_the_language(string name)
    {
        var model = Teacher(name);
        var tap = Assert.Single(Anatomy.SelectTaps(model, "tensor[rank=4 & dominator & height > 1] last"));
        Assert.Equal(Anatomy.AutoTap(model), tap);
    }
}
