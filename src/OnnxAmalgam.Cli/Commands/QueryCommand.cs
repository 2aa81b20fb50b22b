using System.CommandLine;
using OnnxAmalgam.Cli.Querying;
using OnnxAmalgam.Cli.Reports;
using OnnxAmalgam.Cli.Shell;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Queries;

namespace OnnxAmalgam.Cli.Commands;

/// <summary><c>query</c>: elements of a model's graph by what they are and how they hang together.</summary>
internal sealed class QueryCommand : ProgramCommand
{
    readonly Argument<string> model = new("MODEL") { Description = "An .onnx file" };
    readonly Argument<string> expression = new("EXPRESSION") { Description = "A query, such as 'tensor[rank=4 & dominator] by hw last'; the language is in docs/queries.md" };
    readonly Option<bool> explain = new("--explain") { Description = "Say what each step of the query dropped, and why" };
    readonly Option<string> csv = new("--csv") { Description = "Write the table as CSV; - is stdout", HelpName = "FILE" };
    readonly Option<bool> json = new("--json") { Description = "Print one JSON document" };

    public QueryCommand()
        : base("query", "Lists the values, operators and weights that a query selects; recipes take the same queries",
            "onnx-amalgam query models/teachers/digits_resnet.onnx \"tensor[rank=4 & dominator] by hw last\" --explain")
    {
        Add(model);
        Add(expression);
        foreach (Option option in (Option[])[explain, csv, json])
            Add(option);
    }

    public override int Run(ParseResult result, Session session)
    {
        var query = Query.Parse(result.GetRequiredValue(expression));
        var file = ModelArgument.OfFile(result.GetRequiredValue(model));
        var answer = query.Explain(new QueryGraph(OnnxModel.Load(file)));
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
}
