using OnnxAmalgam.Graphs.Queries;

namespace OnnxAmalgam.Graphs.Tests.Queries;

/// <summary>Several models as one graph: elements keep their model, edges between models are those of sameness alone.</summary>
public sealed class SeveralModelsTests
{
    readonly QueryGraph graph = QueryGraph.Of(
    [
        new("first", Network.Teacher("digits_resnet"), ["zero", "one", "both"]), new("second", Network.Teacher("fashion_mixer"), ["both", "coat"]), new("again", Network.Teacher("digits_resnet")),
    ]);

    [Fact]
    public void Elements_come_model_by_model_and_know_what_they_know_alone()
    {
        Assert.Equal("first, second, again", graph.Name);
        Assert.Equal(["first", "second", "again"], graph.OfKind(ElementKind.Model).Select(m => m.Name));
        Assert.Equal(graph.All.Select(e => e.Place).Order(), graph.All.Select(e => e.Place).Distinct());
        var alone = new QueryGraph(Network.Teacher("digits_resnet"));
        foreach (string query in (string[])["tensor[rank=4 & dominator & height > 1] last", "op[type=Gemm]", "tensor[logits] <~ flow until [kind=op & type=Conv]"])
        {
            Assert.Equal(
                alone.Select(query).Select(e => (e.Name, e.Depth, e.Distance, e.Hw, e.Parameters)),
                graph.Select(query).Where(e => e.Graph.Name == "again").Select(e => (e.Name, e.Depth, e.Distance, e.Hw, e.Parameters)));
        }
    }

    [Fact]
    public void What_two_models_share_hangs_together_and_nothing_else_does()
    {
        Assert.Equal([("first", "both"), ("second", "both")], graph.Select("label[any(~> same-as)]").Select(l => (l.Graph.Name, l.Name)));
        Assert.Equal(["second"], graph.Select("model[name=first] ~> predicts ~> same-as <~ predicts [kind=model]").Select(m => m.Name));
        string[] shared = [.. graph.Select("initializer[any(~> same-as) & size > 1000]").Select(i => i.Graph.Name).Distinct()];
        Assert.Equal(["first", "again"], shared);
        Assert.All(graph.Select("tensor[image] ~> flow*").Where(e => e.Name == "logits"), e => Assert.Contains(e.Graph.Name, (string[])["first", "second", "again"]));
        Assert.Single(graph.Select("model[name=second] ~> owns ~> flow*").Select(e => e.Graph.Name).Distinct());
    }

    [Fact]
    public void A_message_names_all_of_them() =>
        Assert.Contains("in 'first, second, again': expected at least one match, got none", Assert.Throws<InputException>(() => Query.Parse("op[type=Nothing]").Require(graph)).Message, StringComparison.Ordinal);
}
