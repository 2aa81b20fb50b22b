using Onnx;

namespace OnnxAmalgam.Graphs;

/// <summary>A read-only view of one graph (main or body): who makes and who uses each value. Made once; an edited graph needs a new view.</summary>
public sealed class GraphView(GraphProto graph)
{
    /// <summary>The graph looked at.</summary>
    public GraphProto Proto { get; } = graph;

    /// <summary>The nodes in topological order (the file's order where that is sorted).</summary>
    public IReadOnlyList<NodeProto> Nodes => throw new NotImplementedException();

    /// <summary>Inputs that a caller must feed: graph inputs that are no initializers.</summary>
    public IReadOnlyList<ValueInfoProto> Inputs => throw new NotImplementedException();

    /// <summary>Names of the graph's outputs, in order.</summary>
    public IReadOnlyList<string> Outputs => throw new NotImplementedException();

    /// <summary>The node that makes the value, or null (input, initializer, outer scope).</summary>
    public NodeProto? Producer(string value) => throw new NotImplementedException();

    /// <summary>The nodes that use the value; a node whose If/Loop/Scan body captures it counts.</summary>
    public IReadOnlyList<NodeProto> Consumers(string value) => throw new NotImplementedException();

    /// <summary>The initializer of that name, or null.</summary>
    public TensorProto? Initializer(string name) => throw new NotImplementedException();
}
