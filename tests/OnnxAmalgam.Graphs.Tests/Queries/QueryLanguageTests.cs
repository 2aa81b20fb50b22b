using OnnxAmalgam.Graphs.Queries;
using static OnnxAmalgam.Graphs.Tests.Network;

namespace OnnxAmalgam.Graphs.Tests.Queries;

/// <summary>What can be written, what it means on a graph of seven values, and what is said of mistakes.</summary>
public sealed class QueryLanguageTests
{
    /// <summary>image -> Conv map -> Relu features -> GlobalAveragePool pool -> Flatten flat -> Gemm scores -> Softmax probabilities.</summary>
    static readonly QueryGraph graph = new(Classifier(Node("Softmax", ["scores"], ["probabilities"])));

    static string Names(string query) => string.Join(' ', graph.Select(query).Select(Name));

    /// <summary>An op goes by the value it makes.</summary>
    static string Name(GraphElement element) => element.Node?.Output[0] ?? element.Name;

    [Fact]
    public void A_size_that_is_not_known_equals_none_but_the_querys_own_question_mark()
    {
        var places = new QueryGraph(Model(Image("N", 4), [Node("NonZero", ["image"], ["places"])], ["places"]));
        Assert.Equal("image", string.Join(' ', places.Select("tensor[shape=.shape]").Select(Name)));
        Assert.Empty(places.Select("tensor[shape!=.shape]"));
        Assert.Equal("places", string.Join(' ', places.Select("tensor[shape=[2,?]]").Select(Name)));
        Assert.Equal("image", string.Join(' ', places.Select("tensor[shape!=[2,5]]").Select(Name)));
        Assert.Equal("image places", string.Join(' ', places.Select("tensor[shape!=[3,5]]").Select(Name)));
        Assert.Equal("image places", string.Join(' ', places.Select("tensor[shape!=[2,5,6]]").Select(Name)));
    }

    [Theory]
    [InlineData("tensor", "image map features pool flat scores probabilities")]
    [InlineData("op", "map features pool flat scores probabilities")]
    [InlineData("initializer", "conv.weight fc.weight fc.bias")]
    [InlineData("attribute", "pads transB")]
    [InlineData("model", "tiny.onnx")]
    [InlineData("'features'[kind=tensor]", "features")]
    [InlineData("tensor[rank=4]", "image map features pool")]
    [InlineData("tensor[rank!=4]", "flat scores probabilities")]
    [InlineData("tensor[rank < 4 and not type=Gemm]", "flat probabilities")]
    [InlineData("tensor[rank=4 & type=Conv | type=Gemm]", "map scores")]
    [InlineData("tensor[rank=4 & (type=Conv | type=Gemm)]", "map")]
    [InlineData("tensor[!(rank=4 | type=Flatten)]", "scores probabilities")]
    [InlineData("tensor[name ~ 'p*']", "pool probabilities")]
    [InlineData("tensor[name ~ '?lat']", "flat")]
    [InlineData("tensor[name =~ 'o.*s']", "scores probabilities")]
    [InlineData("tensor[height = 8 & channels >= 6]", "map features")]
    [InlineData("tensor[height=.width & hw!=1x1]", "image map features")]
    [InlineData("tensor[shape=[N,6,8,8]]", "map features")]
    [InlineData("tensor[shape=[?,*,8,8]]", "image map features")]
    [InlineData("tensor[image | output]", "image probabilities")]
    [InlineData("tensor[channels]", "image map features pool flat scores probabilities")]
    [InlineData("op[attr(pads)=[1,1,1,1]]", "map")]
    [InlineData("op[attr(transB)=1]", "scores")]
    [InlineData("op[attr(transB)!=0]", "scores")]
    [InlineData("op[attr(transB)]", "scores")]
    [InlineData("attribute[value=1]", "transB")]
    [InlineData("tensor first", "image")]
    [InlineData("tensor last", "probabilities")]
    [InlineData("tensor nth 2", "map")]
    [InlineData("tensor nth -2", "scores")]
    [InlineData("tensor nth 20", "")]
    [InlineData("op[type=Gemm] single", "scores")]
    [InlineData("tensor by rank first", "image flat")]
    [InlineData("tensor by hw last", "features pool")]
    [InlineData("tensor sort name", "features flat image map pool probabilities scores")]
    [InlineData("initializer sort size desc", "conv.weight fc.weight fc.bias")]
    [InlineData("tensor sort stride", "image map features pool flat scores probabilities")]
    [InlineData("op[type=Relu] ~> produces", "features")]
    [InlineData("op[type=Relu] <~ feeds", "map")]
    [InlineData("op[type=Gemm] ~> uses", "fc.weight fc.bias")]
    [InlineData("initializer[role=bias] <~ uses", "scores")]
    [InlineData("tensor[image] ~> flow(2)", "map")]
    [InlineData("tensor[image] ~> feeds|produces(1..4) [kind=tensor]", "map features")]
    [InlineData("tensor[image] ~> flow(9..) [kind=tensor]", "scores probabilities")]
    [InlineData("tensor[logits] <~ flow* [kind=tensor]", "image map features pool flat")]
    [InlineData("tensor[image] ~> flow(0..2) [kind=tensor]", "image map")]
    [InlineData("tensor[output] <~ flow until [kind=tensor & rank=4]", "pool")]
    [InlineData("tensor[type=Conv] to (tensor[type=Relu])", "map features features")]
    [InlineData("op[type=Relu] + op[type=Conv]", "map features")]
    [InlineData("tensor - tensor[rank=4]", "flat scores probabilities")]
    [InlineData("(op[type=Relu] + op[type=Conv]) first", "map")]
    [InlineData("tensor[any(~> feeds [type=Gemm])]", "flat")]
    [InlineData("op[count(~> uses)=2]", "scores")]
    [InlineData("op[count(. ~> uses)>count(~> owns)]", "scores")]
    [InlineData("tensor[type of (~> feeds) = Gemm]", "flat")]
    [InlineData("tensor[in (op ~> produces [rank=2])]", "flat scores probabilities")]
    [InlineData("tensor[in (. ~> feeds ~> produces <~ produces <~ feeds [rank=4])]", "image map features pool")]
    [InlineData("tensor[any(. to (tensor[type=Relu]))]", "image map features")]
    [InlineData("tensor[depth=2 | distance=2]", "features flat")]
    [InlineData("tensor[head] + initializer[head]", "fc.weight fc.bias")]
    [InlineData("initializer[depth=1]", "conv.weight")]
    [InlineData("*[name=features]", "features")]
    [InlineData("model[parameters=190]", "tiny.onnx")]
    public void A_query_selects(string query, string names) => Assert.Equal(names, Names(query));

    [Theory]
    [InlineData("op[rnk=4]", "column 4: expected a property", "did you mean 'rank'")]
    [InlineData("tensors[rank=4]", "column 1: expected a kind of element", "did you mean 'tensor'")]
    [InlineData("op ~> produce", "column 7: expected an edge", "did you mean 'produces'")]
    [InlineData("op[type=Gemm", "column 13: expected ']'", "got the end")]
    [InlineData("op[type=]", "column 9: expected a value", "got ']'")]
    [InlineData("op type=Gemm", "column 4:", "got 'type=Gemm'")]
    [InlineData("op[type=Gemm] lst", "column 15:", "got 'lst'")]
    [InlineData("op[type=\"Gemm]", "column 9:", "got '\"Gemm]'")]
    [InlineData("op[type>3]", "column 8: expected numbers on both sides of '>'", "type")]
    [InlineData("tensor[rank=four]", "column 12: expected a number beside 'rank'", "got four")]
    [InlineData("tensor[dominator=yes]", "column 17: expected a truth", "got yes")]
    [InlineData("op[name=~\"(\"]", "column 8: expected a regular expression", "")]
    [InlineData("op ~> feeds(3..1)", "column 13: expected steps", "got '3..1'")]
    [InlineData("op nth 0", "column 8: expected a whole number from 1", "got '0'")]
    [InlineData("op nth first", "column 8: expected a number", "got 'first'")]
    [InlineData("~> feeds", "column 1: expected a kind of element first", "got '~>'")]
    [InlineData(". ~> feeds", "column 1: expected a kind of element first", "got '.'")]
    [InlineData("op to (.)", "column 8: expected a kind of element first", "got '.)'")]
    [InlineData("op + (<~ uses)", "column 7: expected a kind of element first", "got '<~'")]
    [InlineData("", "column 1: expected", "got the end")]
    [InlineData("op\n[rnk=4]", "column 5: expected a property", "did you mean 'rank'")]
    [InlineData("op +\n  (<~ uses)", "column 9: expected a kind of element first", "got '<~'")]
    public void A_mistake_is_shown_with_its_column(string query, string where, string what)
    {
        var message = Assert.Throws<InputException>(() => Query.Parse(query)).Message;
        Assert.StartsWith($"query '{query}', {where}", message, StringComparison.Ordinal);
        Assert.Contains(what, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Several_where_one_is_needed_are_named()
    {
        var message = Assert.Throws<InputException>(() => graph.Select("tensor[rank=4] single")).Message;
        Assert.Contains("expected a single element, got 4: tensor 'image' Float[N,3,8,8], tensor 'map'", message, StringComparison.Ordinal);
    }

    [Fact]
    public void None_where_one_is_needed_names_what_came_nearest_and_what_dropped_it()
    {
        var message = Assert.Throws<InputException>(() => Query.Parse("tensor[rank=4] [type=Rellu]").Require(graph)).Message;
        Assert.Contains("expected at least one match, got none; nearest, dropped by [type=Rellu]: tensor 'features' Float[N,6,8,8] (type is Relu)", message, StringComparison.Ordinal);
        foreach (Action ask in (Action[])[() => graph.Select("tensor[rank=4] [type=Rellu] single"), () => Query.Parse("tensor[rank=4] [type=Rellu] single").Explain(graph)])
            Assert.Contains("expected a single element at 'single', got none; nearest, dropped by [type=Rellu]: tensor 'features'", Assert.Throws<InputException>(ask).Message, StringComparison.Ordinal);
        Assert.Contains("leads nowhere from 1", Assert.Throws<InputException>(() => Query.Parse("tensor[output] ~> feeds").Require(graph)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_explanation_counts_each_step_and_says_why_others_went()
    {
        var answer = Query.Parse("tensor[rank=4 & !image] by hw last ~> feeds").Explain(graph);

        Assert.Equal(["pool", "flat"], answer.Matches.Select(Name));
        Assert.Equal(
            [("tensor", 7, 7), ("[rank=4 & !image]", 7, 3), ("by hw last", 3, 2), ("~> feeds", 2, 2)],
            answer.Steps.Select(step => (step.Text, step.Before, step.After)));
        Assert.Equal(
            ["image: not image", "flat: rank is 2", "scores: rank is 2", "probabilities: rank is 2"],
            answer.Steps[1].Dropped.Select(dropped => $"{dropped.Element.Name}: {dropped.Reason}"));
        Assert.Equal(["map: last is 'features'"], answer.Steps[2].Dropped.Select(dropped => $"{dropped.Element.Name}: {dropped.Reason}"));
    }

    [Fact]
    public void A_name_is_no_query()
    {
        Assert.All(["features", "layer3.0.conv1", "/f/f.4/Relu_1_output_0", "tensors", "operator", "Relu:0"], name => Assert.False(Query.IsQuery(name), name));
        Assert.All(["tensor", "op last", "tensor[rank=4]", "'x' ~> feeds"], text => Assert.True(Query.IsQuery(text), text));
    }

    [Fact]
    public void A_query_is_nested_and_long_within_limits()
    {
        Assert.Equal("scores", Names(string.Concat(Enumerable.Repeat("(", 50)) + "'scores'" + new string(')', 50)));
        foreach (string query in (string[])[new string('(', 20_000), $"tensor[{new string('!', 20_000)}output]", string.Join(" + ", Enumerable.Repeat("tensor", 2_000))])
            Assert.Contains("take the query apart", Assert.Throws<InputException>(() => Query.Parse(query)).Message, StringComparison.Ordinal);
    }
}
