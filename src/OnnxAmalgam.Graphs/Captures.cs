using Onnx;

namespace OnnxAmalgam.Graphs;

/// <summary>Which values a node reads: its inputs, and what the bodies of If, Loop and Scan take from outside.</summary>
public static class Captures
{
    /// <summary>Every name the node needs from its own graph, each once: inputs first, then captured names.</summary>
    public static IReadOnlyList<string> ReadBy(NodeProto node)
    {
        ArgumentNullException.ThrowIfNull(node);
        var names = node.Input.Where(name => name.Length > 0);
        foreach (var body in Bodies(node))
            names = names.Concat(TakenFromOutside(body));
        return [.. names.Distinct(StringComparer.Ordinal)];
    }

    /// <summary>The graphs a node holds as attributes.</summary>
    public static IEnumerable<GraphProto> Bodies(NodeProto node)
    {
        ArgumentNullException.ThrowIfNull(node);
        foreach (var attribute in node.Attribute)
        {
            if (attribute.G is not null)
                yield return attribute.G;
            foreach (var graph in attribute.Graphs)
                yield return graph;
        }
    }

    /// <summary>Names that a graph defines itself: inputs, initializers and what its nodes make.</summary>
    internal static HashSet<string> DefinedBy(GraphProto graph) => graph.Input.Select(input => input.Name)
        .Concat(graph.Initializer.Select(tensor => tensor.Name))
        .Concat(graph.SparseInitializer.Select(sparse => sparse.Values.Name))
        .Concat(graph.Node.SelectMany(node => node.Output))
        .ToHashSet(StringComparer.Ordinal);

    /// <summary>Names that a body, or a body within it, uses and does not define.</summary>
    static IEnumerable<string> TakenFromOutside(GraphProto body)
    {
        var own = DefinedBy(body);
        return body.Node.SelectMany(ReadBy)
            .Concat(body.Output.Select(output => output.Name))
            .Where(name => !own.Contains(name));
    }
}
