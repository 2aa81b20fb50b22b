using Onnx;

namespace OnnxAmalgam.Graphs;

/// <summary>A read-only view of one graph (main or body): who makes and who uses each value. Made once; an edited graph needs a new view.</summary>
public sealed class GraphView
{
    private readonly Dictionary<string, NodeProto> _producers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<NodeProto>> _consumers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TensorProto> _initializers = new(StringComparer.Ordinal);
    private readonly HashSet<string> _sparse = new(StringComparer.Ordinal);

    /// <summary>Looks at a graph.</summary>
    /// <exception cref="InvalidModelException">The nodes form a cycle.</exception>
    public GraphView(GraphProto graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        Proto = graph;
        foreach (var tensor in graph.Initializer)
            _initializers[tensor.Name] = tensor;
        foreach (var sparse in graph.SparseInitializer)
            _sparse.Add(sparse.Values.Name);
        foreach (var node in graph.Node)
        {
            foreach (var output in node.Output.Where(name => name.Length > 0))
                _producers.TryAdd(output, node);
            foreach (var input in Captures.ReadBy(node))
                ConsumersOf(input).Add(node);
        }

        Nodes = TopologicalOrder.Of(graph, _producers);
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
    public NodeProto? Producer(string value) => _producers.GetValueOrDefault(value);

    /// <summary>The nodes that use the value, each once, in the file's order; a node whose If/Loop/Scan body captures it counts.</summary>
    public IReadOnlyList<NodeProto> Consumers(string value) =>
        _consumers.TryGetValue(value, out var nodes) ? nodes : [];

    /// <summary>The initializer of that name, or null.</summary>
    public TensorProto? Initializer(string name) => _initializers.GetValueOrDefault(name);

    /// <summary>Whether the name is an initializer, dense or sparse.</summary>
    public bool IsConstant(string name) => _initializers.ContainsKey(name) || _sparse.Contains(name);

    /// <summary>Whether the graph knows the name at all: as input, initializer or node output.</summary>
    public bool Contains(string value) =>
        _producers.ContainsKey(value) || IsConstant(value) || Proto.Input.Any(input => input.Name == value);

    private List<NodeProto> ConsumersOf(string value)
    {
        if (!_consumers.TryGetValue(value, out var nodes))
            _consumers[value] = nodes = [];
        return nodes;
    }
}
