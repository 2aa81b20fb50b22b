using Onnx;
using OnnxAmalgam.Graphs.Validation;

namespace OnnxAmalgam.Graphs;

/// <summary>A read-only view of one graph (main or body): who makes and who uses each value. Made once; an edited graph needs a new view.</summary>
public sealed class GraphView
{
    readonly Dictionary<string, NodeProto> producers = new(StringComparer.Ordinal);
    readonly Dictionary<string, List<NodeProto>> consumers = new(StringComparer.Ordinal);
    readonly Dictionary<string, TensorProto> initializers = new(StringComparer.Ordinal);
    readonly HashSet<string> sparse = new(StringComparer.Ordinal);

    /// <summary>Looks at a graph.</summary>
    /// <exception cref="InvalidModelException">The nodes form a cycle.</exception>
    public GraphView(GraphProto graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        Proto = graph;
        foreach (var tensor in graph.Initializer)
            initializers[tensor.Name] = tensor;
        foreach (var tensor in graph.SparseInitializer)
            sparse.Add(tensor.Values.Name);
        foreach (var node in graph.Node)
        {
            foreach (var output in node.Output.Where(name => name.Length > 0))
                producers.TryAdd(output, node);
            foreach (var input in Captures.ReadBy(node))
                ConsumersOf(input).Add(node);
        }

        Nodes = Ordered(graph);
        Inputs = [.. graph.Input.Where(input => !IsConstant(input.Name))];
        Outputs = [.. graph.Output.Select(output => output.Name)];
    }

    /// <summary>The graph looked at.</summary>
    public GraphProto Proto { get; }

    /// <summary>The nodes in topological order (the file's order where that is sorted).</summary>
    public IReadOnlyList<NodeProto> Nodes { get; }

    /// <summary>Inputs that a caller must feed: graph inputs that are no initializers.</summary>
    public IReadOnlyList<ValueInfoProto> Inputs { get; }

    /// <summary>Names of the graph's outputs, in order.</summary>
    public IReadOnlyList<string> Outputs { get; }

    /// <summary>The node that makes the value, or null (input, initializer, outer scope).</summary>
    public NodeProto? Producer(string value) => producers.GetValueOrDefault(value);

    /// <summary>The nodes that use the value, each once, in the file's order; a node whose If/Loop/Scan body captures it counts.</summary>
    public IReadOnlyList<NodeProto> Consumers(string value) =>
        consumers.TryGetValue(value, out var nodes) ? nodes : [];

    /// <summary>The initializer of that name, or null.</summary>
    public TensorProto? Initializer(string name) => initializers.GetValueOrDefault(name);

    /// <summary>Whether the name is an initializer, dense or sparse.</summary>
    public bool IsConstant(string name) => initializers.ContainsKey(name) || sparse.Contains(name);

    /// <summary>Whether the graph knows the name at all: as input, initializer or node output.</summary>
    public bool Contains(string value) =>
        producers.ContainsKey(value) || IsConstant(value) || Proto.Input.Any(input => input.Name == value);

    static NodeProto[] Ordered(GraphProto graph)
    {
        var order = NodeOrder.Sort(graph.Node, out var cycle);
        if (cycle.Count == 0)
            return [.. order.Select(i => graph.Node[i])];
        var ring = string.Join(" -> ", cycle.Select(i => $"'{graph.Node[i].DisplayName()}'"));
        throw new InvalidModelException($"graph '{graph.Name}': expected nodes without cycles, got {ring} -> ...; export the model again");
    }

    List<NodeProto> ConsumersOf(string value)
    {
        if (!consumers.TryGetValue(value, out var nodes))
            consumers[value] = nodes = [];
        return nodes;
    }
}
