using OnnxAmalgam.Graphs.Queries.Language;

namespace OnnxAmalgam.Graphs.Queries;

/// <summary>A query in the query language (docs/queries.md), read once and run on any number of graphs.</summary>
public sealed class Query
{
    readonly QueryNode root;

    Query(string text, QueryNode root) => (Text, this.root) = (text, root);

    /// <summary>The query as it was written.</summary>
    public string Text { get; }

    /// <summary>Reads a query.</summary>
    /// <exception cref="InputException">It cannot be read: the column, what was expected there, and the nearest word.</exception>
    public static Query Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new Query(text, Grammar.Read(text));
    }

    /// <summary>Whether a text is meant as a query and not as a name: a kind, alone or with something behind it, a bracket or hop in it, or a quote or parenthesis before it.</summary>
    public static bool IsQuery(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text is ['"' or '\'' or '(', ..] || text.Contains('[', StringComparison.Ordinal) || text.Contains("~>", StringComparison.Ordinal) || text.Contains("<~", StringComparison.Ordinal)
            || Words.Kinds.Any(kind => text == kind || text.StartsWith(kind + " ", StringComparison.Ordinal));
    }

    /// <summary>What it selects.</summary>
    /// <exception cref="InputException"><c>single</c> met none or several.</exception>
    public Selection Run(QueryGraph graph)
    {
        try
        {
            return root.Run(new Evaluation(graph, null, null));
        }
        catch (NoneToPickException)
        {
            // The same again, to say what came nearest.
            return Explain(graph).Matches;
        }
    }

    /// <summary>What it selects, and what each of its steps dropped and why.</summary>
    /// <exception cref="InputException">As <see cref="Run"/>.</exception>
    public QueryAnswer Explain(QueryGraph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        var steps = new List<QueryStep>();
        try
        {
            return new QueryAnswer(root.Run(new Evaluation(graph, null, steps)), steps);
        }
        catch (NoneToPickException e)
        {
            throw new InputException($"query '{Text}' in '{graph.Name}': expected a single element at '{e.Stage}', got none{new QueryAnswer(graph.All.First(), steps).Nearest}", e);
        }
    }

    /// <summary>What it selects, at least one element.</summary>
    /// <exception cref="InputException">It selects nothing: the message names what came nearest and what dropped it.</exception>
    public Selection Require(QueryGraph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        var answer = Explain(graph);
        return answer.Matches.Count > 0
            ? answer.Matches
            : throw new InputException($"query '{Text}' in '{graph.Name}': expected at least one match, got none{answer.Nearest} (see: onnx-amalgam query MODEL EXPRESSION --explain)");
    }
}
