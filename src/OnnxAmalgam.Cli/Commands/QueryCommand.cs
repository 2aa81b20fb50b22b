using System.CommandLine;
using OnnxAmalgam.Cli.Querying;
using OnnxAmalgam.Cli.Reports;
using OnnxAmalgam.Cli.Shell;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Queries;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Cli.Commands;

/// <summary><c>query</c>: elements of a model's graph by what they are and how they hang together.</summary>
internal sealed class QueryCommand : ProgramCommand
{
    readonly Argument<string> model = new("MODEL-or-RECIPE")
    {
        Description = "An .onnx file; or a recipe (.yaml): a query for tensors then selects taps in each teacher and in the student, and pairs of them are ranked by how alike their features are; one for other things, and any with --explain, is asked of all teachers together",
    };

    readonly Argument<string> expression = new("EXPRESSION") { Description = "A query, such as 'tensor[rank=4 & dominator] by hw last'; the language is in docs/queries.md" };
    readonly Option<bool> explain = new("--explain") { Description = "Say what each step of the query dropped, and why" };
    readonly Option<int> images = WholeNumberOption.Of("--images", "With a recipe: unlabelled images to look at", least: 2, otherwise: 256);
    readonly Option<string> csv = new("--csv") { Description = "Write the table as CSV; - is stdout", HelpName = "FILE" };
    readonly Option<bool> json = new("--json") { Description = "Print one JSON document" };

    public QueryCommand()
        : base("query", "Lists the values, operators and weights that a query selects; recipes take the same queries",
            "onnx-amalgam query models/teachers/digits_resnet.onnx \"tensor[rank=4 & dominator] by hw last\" --explain")
    {
        Add(model);
        Add(expression);
        foreach (Option option in (Option[])[explain, images, csv, json])
            Add(option);
    }

    public override int Run(ParseResult result, Session session)
    {
        var query = Query.Parse(result.GetRequiredValue(expression));
        var path = result.GetRequiredValue(model);
        if (Path.GetExtension(path) is not (".yaml" or ".yml"))
        {
            string file = ModelArgument.OfFile(path);
            return Ask(file, query.Explain(new QueryGraph(OnnxModel.Load(file))), query, result, session);
        }

        var recipe = RecipeReader.Read(path, [.. SetOption.Seed(session)]);
        var teachers = QueryGraph.Of([.. recipe.Teachers.Select(t => new QueriedModel(t.Name, OnnxModel.Load(t.Model), t.Labels))]);
        if (result.GetValue(explain))
            return Ask(path, query.Explain(teachers), query, result, session);
        // A query for taps asks each model by itself: 'single' of all teachers together may meet several.
        var answer = InputException.Attempt(() => query.Explain(teachers)).Found;
        return answer is null || (answer.Matches.Count > 0 && answer.Matches.All(e => e.Kind == ElementKind.Tensor)) ? Rank(path, recipe, query, result, session) : Ask(path, answer, query, result, session);
    }

    int Ask(string file, QueryAnswer answer, Query query, ParseResult result, Session session)
    {
        var report = QueryReport.Of(file, query.Text, answer, result.GetValue(explain));
        if (result.GetValue(csv) is { } target)
            TextFile.Write(target, session.Terminal, QueryText.ToCsv(report));
        if (result.GetValue(json))
            Json.WriteDocument(session.Terminal, report);
        else if (result.GetValue(csv) != "-")
            QueryText.Print(report, session.Terminal);
        if (answer.Matches.Count == 0)
            session.Note($"no match{answer.Nearest}");
        return ExitCode.Done;
    }

    /// <summary>Runs the models, unlike all other queries.</summary>
    int Rank(string file, Recipe recipe, Query query, ParseResult result, Session session)
    {
        var compute = Compute.OpenTorch(session);
        var pairs = TapRanking.Rank(recipe, query.Text, result.GetValue(images), compute, session.Warn);
        if (result.GetValue(csv) is { } target)
            TextFile.Write(target, session.Terminal, RankingTable.ToCsv(pairs));
        if (result.GetValue(json))
            RankingTable.WriteJson(file, query.Text, pairs, session.Terminal);
        else if (result.GetValue(csv) != "-")
            RankingTable.Print(pairs, session.Terminal);
        return ExitCode.Done;
    }
}
