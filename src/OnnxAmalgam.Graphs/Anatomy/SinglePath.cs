using Onnx;

namespace OnnxAmalgam.Graphs.Classifiers;

/// <summary>The values and nodes that every path from one value to another passes through, in order.</summary>
/// <remarks>In a topological order of just what lies on some path, a vertex is on all paths exactly when no edge leaps over it.</remarks>
internal sealed class SinglePath
{
    public SinglePath(ClassifierGraph graph, string from, string to)
    {
        All = [.. NodesBetween(graph, from, to)];
        var read = All.SelectMany(Captures.ReadBy).Append(to).ToHashSet(StringComparer.Ordinal);
        var values = new Dictionary<string, int>(StringComparer.Ordinal) { [from] = 0 };
        var nodes = new List<(NodeProto Node, int Place)>();
        var edges = new List<(int From, int To)>();
        var next = 1;
        foreach (var node in All)
        {
            var here = next++;
            nodes.Add((node, here));
            edges.AddRange(Captures.ReadBy(node).Where(values.ContainsKey).Select(input => (values[input], here)));
            foreach (var output in node.Output.Where(read.Contains))
            {
                values[output] = next++;
                edges.Add((here, values[output]));
            }
        }

        var leapt = Leapt(edges, next);
        Nodes = [.. nodes.Where(pair => !leapt[pair.Place]).Select(pair => pair.Node)];
        Values = [.. values.Where(pair => !leapt[pair.Value]).OrderBy(pair => pair.Value).Select(pair => pair.Key)];
    }

    /// <summary>Every node on some path, in order.</summary>
    public IReadOnlyList<NodeProto> All { get; }

    /// <summary>The nodes on every path, in order.</summary>
    public IReadOnlyList<NodeProto> Nodes { get; }

    /// <summary>The values on every path, both ends included, in order.</summary>
    public IReadOnlyList<string> Values { get; }

    static Stack<NodeProto> NodesBetween(ClassifierGraph graph, string from, string to)
    {
        var after = new HashSet<string>(StringComparer.Ordinal) { from };
        var reached = new List<NodeProto>();
        foreach (var node in graph.View.Nodes.Where(ClassifierGraph.PassesData))
        {
            if (!Captures.ReadBy(node).Any(after.Contains))
                continue;
            reached.Add(node);
            after.UnionWith(node.Output);
        }

        var before = new HashSet<string>(StringComparer.Ordinal) { to };
        var between = new Stack<NodeProto>();
        foreach (var node in Enumerable.Reverse(reached))
        {
            if (!node.Output.Any(before.Contains))
                continue;
            between.Push(node);
            before.UnionWith(Captures.ReadBy(node));
        }
        return between;
    }

    /// <summary>For every place, whether an edge starts before and ends after it.</summary>
    static bool[] Leapt(List<(int From, int To)> edges, int places)
    {
        var change = new int[places + 1];
        foreach (var (from, to) in edges.Where(edge => edge.To - edge.From > 1))
        {
            change[from + 1]++;
            change[to]--;
        }
        var open = 0;
        return [.. change.Take(places).Select(step => (open += step) > 0)];
    }
}
