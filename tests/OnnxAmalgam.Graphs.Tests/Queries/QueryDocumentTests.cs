using System.Text.RegularExpressions;
using OnnxAmalgam.Graphs.Queries;
using OnnxAmalgam.Graphs.Queries.Language;
using OnnxAmalgam.Tests.Shared;

namespace OnnxAmalgam.Graphs.Tests.Queries;

/// <summary>docs/queries.md against the program: its examples, and the words it lists.</summary>
public sealed partial class QueryDocumentTests
{
    readonly string document = File.ReadAllText(Path.Combine(Repository.Root, "docs", "queries.md"));

    [Fact]
    public void Every_example_selects_what_the_page_says()
    {
        var graphs = new Dictionary<string, QueryGraph>();
        var (model, examples) = ("", 0);
        foreach (var line in document.Split('\n'))
        {
            if (ModelLine().Match(line) is { Success: true } heading)
                model = heading.Groups[1].Value;
            if (ExampleLine().Match(line) is not { Success: true } example || model.Length == 0 || !Query.IsQuery(example.Groups[1].Value))
                continue;
            if (!graphs.TryGetValue(model, out var graph))
                graphs[model] = graph = new QueryGraph(Network.Teacher(model));
            Assert.Equal(example.Groups[2].Value, string.Join(", ", graph.Select(example.Groups[1].Value).Select(element => $"`{element.Name}`")));
            examples++;
        }

        Assert.Equal(["digits_resnet", "fashion_mixer"], graphs.Keys);
        Assert.InRange(examples, 20, 100);
    }

    [Fact]
    public void It_lists_every_property_kind_and_edge_and_no_other()
    {
        Assert.Equal(Property.All.Select(property => property.Name), Listed("Properties"));
        Assert.Equal(Words.Kinds, Listed("Kinds"));
        Assert.Equal(Words.Edges.Keys, Listed("Edges"));
    }

    [Fact]
    public void It_states_the_type_of_every_property()
    {
        var stated = PropertyLine().Matches(Under("Properties")).ToDictionary(row => row.Groups[1].Value, row => row.Groups[2].Value);
        Assert.All(Property.All, property => Assert.Equal(
            property.Type switch { PropertyType.Text => "text", PropertyType.Number => "number", PropertyType.Truth => "truth", PropertyType.Shape => "list", _ => "any" },
            stated[property.Name]));
    }

    [Fact]
    public void Each_line_of_its_sample_selects_the_same_in_both_forms()
    {
        var graph = new QueryGraph(Network.Teacher("digits_resnet"));
        (IEnumerable<GraphElement> Method, string Text)[] pairs =
        [
            (graph.Tensors.Where(t => t.Rank == 4 && t.IsDominator).By(t => t.Hw).Last(), "tensor[rank=4 & dominator] by hw last"),
            ([graph.Ops.Where(o => o.Type == "GlobalAveragePool").In(Edge.Feeds).Single()], "op[type=GlobalAveragePool] <~ feeds single"),
            (graph.Tensors.Where(t => t.IsImage).Out(Edge.Flow, 1, 3), "tensor[image] ~> flow(1..3)"),
            (graph.Tensors.Where(t => t.IsLogits).InUntil(Edge.Flow, e => e.Type == "Conv"), "tensor[logits] <~ flow until [type=Conv]"),
            (graph.Tensors.Where(t => t.Alone.Out(Edge.Feeds).Count > 1), "tensor[count(~> feeds) > 1]"),
        ];
        foreach (var (method, text) in pairs)
        {
            Assert.NotEmpty(method);
            Assert.Equal(method, graph.Select(text));
            Assert.Contains($"// {text}\n", document, StringComparison.Ordinal);
        }
    }

    IEnumerable<string> Listed(string heading) => RowName().Matches(Under(heading)).Select(row => row.Groups[1].Value);

    string Under(string heading)
    {
        var start = document.IndexOf($"## {heading}\n", StringComparison.Ordinal);
        var end = document.IndexOf("\n## ", start, StringComparison.Ordinal);
        return document[start..end];
    }

    [GeneratedRegex(@"^In models/teachers/(\w+)\.onnx:")]
    private static partial Regex ModelLine();

    [GeneratedRegex(@"^\| `(.+?)` \| (`.*`) \|$")]
    private static partial Regex ExampleLine();

    [GeneratedRegex(@"^\| `([\w-]+)` \|", RegexOptions.Multiline)]
    private static partial Regex RowName();

    [GeneratedRegex(@"^\| `([\w-]+)` \| (\w+) \|", RegexOptions.Multiline)]
    private static partial Regex PropertyLine();
}
