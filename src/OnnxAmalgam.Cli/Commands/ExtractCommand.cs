using System.CommandLine;
using System.Globalization;
using OnnxAmalgam.Cli.Reports;
using OnnxAmalgam.Cli.Shell;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Edits;
using OnnxAmalgam.Graphs.Metadata;
using OnnxAmalgam.Graphs.Queries;
using OnnxAmalgam.Training.Evaluation;

namespace OnnxAmalgam.Cli.Commands;

/// <summary><c>extract</c>: the part of a model that computes some of its values.</summary>
internal sealed class ExtractCommand : ProgramCommand
{
    readonly Argument<string> model = new("MODEL") { Description = "An .onnx file" };
    readonly Option<string> outputs = new("--outputs") { Description = "The value to keep: its name, or a query that selects one or several (docs/queries.md)", HelpName = "QUERY", Required = true };
    readonly Option<string> output = new("--output", "-o") { Description = "The .onnx file to write; replaced atomically", HelpName = "FILE", Required = true };

    public ExtractCommand()
        : base("extract", "Writes the subgraph that computes the values a query selects: they become its outputs",
            "onnx-amalgam extract models/teachers/digits_resnet.onnx --outputs \"op[type=GlobalAveragePool] <~ feeds\" -o features.onnx")
    {
        Add(model);
        Add(outputs);
        Add(output);
    }

    public override int Run(ParseResult result, Session session)
    {
        var file = ModelArgument.OfFile(result.GetRequiredValue(model));
        var target = ModelTarget.Of(result.GetRequiredValue(output));
        var whole = OnnxModel.Load(file);
        ModelFiles.RefuseAsOutput(whole, target);
        string[] values = [.. Values(whole, result.GetRequiredValue(outputs))];
        var part = GraphEdits.Extract(whole, values);
        if (!values.Contains(InputException.Attempt(() => Anatomy.Logits(whole)).Found?.Value, StringComparer.Ordinal))
            ModelMetadata.RemoveLabels(part);
        part.Save(target);

        var facts = new FactList();
        facts.Add("file", target);
        facts.Add("outputs", string.Join(", ", values.Select(value => new QueryGraph(part).Value(value)?.ToString() ?? value)));
        facts.Add("nodes", string.Create(CultureInfo.InvariantCulture, $"{part.Proto.Graph.Node.Count} of {whole.Proto.Graph.Node.Count}"));
        facts.WriteTo(session.Terminal);
        return ExitCode.Done;
    }

    /// <summary>The names of the values; an exact name wins over a query of the same text.</summary>
    static IEnumerable<string> Values(OnnxModel model, string text)
    {
        var graph = new QueryGraph(model);
        if (graph.Value(text) is { Kind: ElementKind.Tensor } exact)
            return [exact.Name];
        if (!Query.IsQuery(text))
            throw new InputException($"--outputs '{text}': expected a value of '{model.Name}' or a query, got neither{NearestName.Hint(text, graph.Tensors.Select(tensor => tensor.Name))} (see: onnx-amalgam query {ShellWord.Of(model.Name)} tensor)");
        var found = Query.Parse(text).Require(graph);
        return found.FirstOrDefault(element => element.Kind != ElementKind.Tensor) is { } other
            ? throw new InputException($"--outputs '{text}': expected tensors, got {other}; add '~> produces' to go from an op to the values it makes")
            : found.Select(element => element.Name);
    }
}
