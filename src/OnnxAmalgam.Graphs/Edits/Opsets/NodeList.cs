using Google.Protobuf.Collections;
using Onnx;
using OnnxAmalgam.Graphs.Inference;

namespace OnnxAmalgam.Graphs.Edits.Opsets;

/// <summary>Nodes that are brought to another opset together: those of a graph, of a body, or of a local function.</summary>
/// <remarks>What is known of values was inferred before anything changed. It stays true: a step keeps every value that was there.</remarks>
internal sealed class NodeList
{
    readonly GraphProto? graph;
    readonly RepeatedField<NodeProto> nodes;
    readonly IReadOnlyCollection<string> results;
    readonly Func<string, ValueState?> known;
    readonly HashSet<string> letGo = new(StringComparer.Ordinal);
    readonly Dictionary<string, ValueState> added = new(StringComparer.Ordinal);
    readonly HashSet<NodeProto> enlarging = new(ReferenceEqualityComparer.Instance);

    /// <summary>The nodes of a graph or body.</summary>
    public NodeList(GraphProto graph, Func<string, ValueState?> known)
    {
        this.graph = graph;
        nodes = graph.Node;
        results = [.. graph.Output.Select(output => output.Name)];
        this.known = known;
    }

    /// <summary>The nodes of a local function; nothing is known of its values, because every caller may give others.</summary>
    public NodeList(FunctionProto function)
    {
        nodes = function.Node;
        results = function.Output;
        known = _ => null;
    }

    /// <summary>A list within a function: a body there.</summary>
    public NodeList(GraphProto bodyOfFunction)
        : this(bodyOfFunction, _ => null)
    {
    }

    /// <summary>The nodes as they are now.</summary>
    public IReadOnlyList<NodeProto> Nodes => [.. nodes];

    /// <summary>What is known of a value: of the model's own, or of a constant added since.</summary>
    public ValueState? Find(string value) => added.GetValueOrDefault(value) ?? known(value);

    /// <summary>Notes of a node that was an Upsample.</summary>
    public void MarkEnlarging(NodeProto node) => enlarging.Add(node);

    /// <summary>Whether the node was an Upsample.</summary>
    public bool IsEnlarging(NodeProto node) => enlarging.Contains(node);

    public bool IsUsed(string value) =>
        results.Contains(value) || nodes.Any(node => Captures.ReadBy(node).Contains(value, StringComparer.Ordinal));

    /// <summary>Puts nodes around one that is here.</summary>
    public void Surround(NodeProto node, IReadOnlyCollection<NodeProto> before, IReadOnlyCollection<NodeProto> after)
    {
        if (before.Count + after.Count == 0)
            return;
        var place = IndexOf(node);
        NodeProto[] all = [.. nodes.Take(place), .. before, node, .. after, .. nodes.Skip(place + 1)];
        nodes.Clear();
        nodes.Add(all);
    }

    /// <summary>Adds a constant: an initializer, or in a function, which has none, a Constant node in front. Its name is the value's.</summary>
    public string AddConstant(TensorProto tensor)
    {
        added[tensor.Name] = new ValueState((TensorProto.Types.DataType)tensor.DataType, [.. tensor.Dims.Select(Extent.Of)]);
        if (graph is not null)
        {
            graph.Initializer.Add(tensor);
            return tensor.Name;
        }
        var name = tensor.Name;
        tensor.ClearName();
        nodes.Insert(0, new NodeProto
        {
            OpType = "Constant",
            Output = { name },
            Attribute = { new AttributeProto { Name = "value", Type = AttributeProto.Types.AttributeType.Tensor, T = tensor } },
        });
        return name;
    }

    /// <summary>Notes that a node reads the value no more.</summary>
    public void LetGo(string value) => letGo.Add(value);

    /// <summary>Forgets what is declared of a value.</summary>
    public void Undeclare(string value)
    {
        if (graph?.ValueInfo.FirstOrDefault(info => info.Name == value) is { } info)
            graph.ValueInfo.Remove(info);
    }

    /// <summary>Takes away constants that a step made needless.</summary>
    public void Tidy()
    {
        foreach (var value in letGo.Where(value => !IsUsed(value)))
        {
            if (graph is not null && graph.Input.All(input => input.Name != value) && graph.Initializer.FirstOrDefault(tensor => tensor.Name == value) is { } tensor)
                graph.Initializer.Remove(tensor);
            if (nodes.FirstOrDefault(node => node is { OpType: "Constant" } && node.Output.Contains(value)) is { } constant)
                nodes.Remove(constant);
        }
    }

    int IndexOf(NodeProto node)
    {
        var place = 0;
        while (!ReferenceEquals(nodes[place], node))
            place++;
        return place;
    }
}
