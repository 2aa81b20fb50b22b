using Onnx;

namespace OnnxAmalgam.Graphs.Validation;

/// <summary>The order in which nodes can run.</summary>
static class NodeOrder
{
    /// <summary>An order in which every node follows those whose values it uses, as near to the given one as can be.</summary>
    /// <param name="nodes">The nodes as the file has them.</param>
    /// <param name="cycle">Indices of nodes that wait for each other, in a ring; empty when the order is complete.</param>
    /// <returns>Indices into <paramref name="nodes"/>; those in or behind a cycle are missing.</returns>
    public static IReadOnlyList<int> Sort(IReadOnlyList<NodeProto> nodes, out IReadOnlyList<int> cycle)
    {
        var sources = Sources(nodes);
        var waiting = sources.Select(s => s.Count).ToArray();
        var users = new List<int>[nodes.Count];
        for (var i = 0; i < nodes.Count; i++)
            foreach (var source in sources[i]) (users[source] ??= []).Add(i);

        var ready = new PriorityQueue<int, int>();
        for (var i = 0; i < nodes.Count; i++)
            if (waiting[i] == 0) ready.Enqueue(i, i);
        var order = new List<int>(nodes.Count);
        while (ready.TryDequeue(out var i, out _))
        {
            order.Add(i);
            foreach (var user in users[i] ?? [])
                if (--waiting[user] == 0) ready.Enqueue(user, user);
        }
        cycle = order.Count == nodes.Count ? [] : Ring(sources, waiting);
        return order;
    }

    /// <summary>For each node the nodes whose outputs it or its bodies use.</summary>
    static List<HashSet<int>> Sources(IReadOnlyList<NodeProto> nodes)
    {
        var producers = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < nodes.Count; i++)
            foreach (var output in nodes[i].Output)
                if (output.Length > 0) producers.TryAdd(output, i);

        var sources = new List<HashSet<int>>(nodes.Count);
        foreach (var node in nodes)
        {
            var set = new HashSet<int>();
            foreach (var name in node.Input.Concat(Captures(node)))
                if (producers.TryGetValue(name, out var producer)) set.Add(producer);
            sources.Add(set);
        }
        return sources;
    }

    /// <summary>Names that a node's bodies use and do not define.</summary>
    static IEnumerable<string> Captures(NodeProto node) => node.Attribute.SelectMany(ModelRules.Bodies).SelectMany(Captures);

    static IEnumerable<string> Captures(GraphProto body)
    {
        if (body.Node.Count == 0) return [];
        var defined = new HashSet<string>(StringComparer.Ordinal);
        defined.UnionWith(body.Input.Select(i => i.Name));
        defined.UnionWith(body.Initializer.Select(i => i.Name));
        defined.UnionWith(body.SparseInitializer.Select(s => s.Values?.Name ?? ""));
        defined.UnionWith(body.Node.SelectMany(n => n.Output));
        return body.Node.SelectMany(n => n.Input.Concat(Captures(n))).Where(name => !defined.Contains(name)).Distinct();
    }

    /// <summary>Walks back from a node that still waits until a node comes again; the ring starts with its first node in the file.</summary>
    static List<int> Ring(List<HashSet<int>> sources, int[] waiting)
    {
        var path = new List<int>();
        var next = Array.FindIndex(waiting, w => w > 0);
        while (!path.Contains(next))
        {
            path.Add(next);
            next = sources[next].First(source => waiting[source] > 0);
        }
        path.RemoveRange(0, path.IndexOf(next));
        path.Reverse();
        var first = path.IndexOf(path.Min());
        return [.. path[first..], .. path[..first]];
    }
}
