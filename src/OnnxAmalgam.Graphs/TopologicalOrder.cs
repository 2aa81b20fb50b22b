using Onnx;

namespace OnnxAmalgam.Graphs;

/// <summary>Kahn's algorithm that always takes the earliest node in the file that is ready: a sorted file keeps its order.</summary>
internal static class TopologicalOrder
{
    public static NodeProto[] Of(GraphProto graph, IReadOnlyDictionary<string, NodeProto> producers)
    {
        var nodes = graph.Node;
        var indexOf = new Dictionary<NodeProto, int>(ReferenceEqualityComparer.Instance);
        for (var i = 0; i < nodes.Count; i++)
            indexOf.Add(nodes[i], i);

        var users = new List<int>[nodes.Count];
        var missing = new int[nodes.Count];
        for (var i = 0; i < nodes.Count; i++)
        {
            foreach (var name in Captures.ReadBy(nodes[i]))
            {
                if (!producers.TryGetValue(name, out var maker))
                    continue;
                (users[indexOf[maker]] ??= []).Add(i);
                missing[i]++;
            }
        }

        var ready = new PriorityQueue<int, int>();
        for (var i = 0; i < nodes.Count; i++)
        {
            if (missing[i] == 0)
                ready.Enqueue(i, i);
        }

        var order = new List<NodeProto>(nodes.Count);
        while (ready.TryDequeue(out var i, out _))
        {
            order.Add(nodes[i]);
            foreach (var user in users[i] ?? [])
            {
                if (--missing[user] == 0)
                    ready.Enqueue(user, user);
            }
        }

        return order.Count == nodes.Count ? [.. order] : throw Cycle(graph, missing);
    }

    static InvalidModelException Cycle(GraphProto graph, int[] missing)
    {
        var stuck = Enumerable.Range(0, missing.Length).Where(i => missing[i] > 0).Take(3)
            .Select(i => $"'{graph.Node[i].DisplayName()}'");
        return new InvalidModelException(
            $"graph '{graph.Name}': expected nodes without cycles, got a cycle at or before {string.Join(", ", stuck)}; export the model again");
    }
}
