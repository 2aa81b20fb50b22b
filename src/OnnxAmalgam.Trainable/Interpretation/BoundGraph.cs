using Onnx;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Trainable.Operators;

namespace OnnxAmalgam.Trainable.Interpretation;

/// <summary>A graph whose every node has a kernel and whose every value has a slot.</summary>
internal sealed class BoundGraph
{
    readonly Dictionary<string, int> _slots = new(StringComparer.Ordinal);
    readonly FloatTypes _floats;
    readonly FunctionCalls _functions;
    string[]? _names;
    readonly UnsignedValues _unsigned;

    /// <summary>Binds every node that the outputs, or anything a caller may ask for, can need.</summary>
    /// <exception cref="UnsupportedModelException">Everything that cannot be honoured, at once.</exception>
    public BoundGraph(OnnxModel model, FloatTypes floats)
        : this(model, model.Proto.Graph, floats, new FunctionCalls(model.Proto), UnsignedValues.Of(model), FunctionCalls.Opsets(model.Proto.OpsetImport), [])
    {
    }

    BoundGraph(OnnxModel model, GraphProto graph, FloatTypes floats, FunctionCalls functions, UnsignedValues unsigned, IReadOnlyDictionary<string, long> opsets, IReadOnlyList<string> around)
    {
        (Model, _floats, _functions, _unsigned) = (model, floats, functions, unsigned);
        View = new GraphView(graph);
        foreach (var input in View.Inputs) SlotOf(input.Name);
        foreach (var tensor in graph.Initializer) SlotOf(tensor.Name);
        NodeSite[] sites = [.. View.Nodes.SelectMany(node => functions.Expand(new(node, opsets)))];
        if (!ReferenceEquals(graph, model.Proto.Graph)) sites = [.. graph.Initializer.Select(tensor => new NodeSite(Constant(tensor), opsets)), .. sites];
        foreach (var output in sites.SelectMany(site => site.Node.Output).Where(name => name.Length > 0)) SlotOf(output);
        foreach (var name in around.Where(name => name.Length > 0)) SlotOf(name);
        Nodes = Bind(sites);
        MakerOf = new BoundNode?[_slots.Count];
        foreach (var node in Nodes)
        {
            foreach (var slot in node.Outputs.Where(slot => slot >= 0)) MakerOf[slot] = node;
        }
    }

    /// <summary>The model the graph is of.</summary>
    public OnnxModel Model { get; }

    /// <summary>The graph as its file has it.</summary>
    public GraphView View { get; }

    /// <summary>The nodes in topological order.</summary>
    public IReadOnlyList<BoundNode> Nodes { get; }

    /// <summary>The node that makes the value of a slot, or null.</summary>
    public BoundNode?[] MakerOf { get; }

    /// <summary>Number of slots: one for each named value.</summary>
    public int SlotCount => _slots.Count;

    /// <summary>The slot of a named value, or -1.</summary>
    public int Find(string value) => _slots.GetValueOrDefault(value, -1);

    /// <summary>The name of a slot's value.</summary>
    public string NameOf(int slot) => (_names ??= [.. _slots.Keys])[slot];

    /// <summary>Every name, by slot.</summary>
    public IEnumerable<string> Names => _slots.Keys;

    int SlotOf(string value)
    {
        if (!_slots.TryGetValue(value, out var slot))
            _slots.Add(value, slot = _slots.Count);
        return slot;
    }

    /// <summary>An initializer of a body, which every run makes anew.</summary>
    static NodeProto Constant(TensorProto tensor)
    {
        var node = new NodeProto { OpType = "Constant" };
        node.Output.Add(tensor.Name);
        node.Attribute.Add(new AttributeProto { Name = "value", Type = AttributeProto.Types.AttributeType.Tensor, T = tensor });
        return node;
    }

    BoundNode[] Bind(NodeSite[] sites)
    {
        var unsupported = new List<UnsupportedNode>();
        var bound = new List<BoundNode>(sites.Length);
        var used = sites.SelectMany(site => Captures.ReadBy(site.Node)).Concat(View.Outputs).ToHashSet(StringComparer.Ordinal);
        foreach (var sparse in View.Proto.SparseInitializer)
            unsupported.Add(new(sparse.Values.Name, "sparse initializer", "expected dense weights"));
        unsupported.AddRange(View.Proto.Initializer
            .Select(tensor => (tensor.Name, Reason: TensorProtos.Refusal(tensor, Model.ReadRaw))).Where(refused => refused.Reason is not null)
            .Select(refused => new UnsupportedNode(refused.Name, "initializer", refused.Reason!)));
        foreach (var (node, opsets) in sites)
        {
            var domain = OperatorTable.Canonical(node.Domain);
            var opset = opsets.GetValueOrDefault(domain);
            var row = OperatorTable.All.Find(domain, node.OpType, opset);
            try
            {
                if (row is null) throw Missing(domain, node.OpType, opset);
                if (_unsigned.Refusal(node, row, inBody: !ReferenceEquals(View.Proto, Model.Proto.Graph)) is { } reason) throw new UnsupportedAttributeException(reason);
                bound.Add(Bind(node, row, opsets, used));
            }
            catch (UnsupportedAttributeException e)
            {
                unsupported.Add(new(node.DisplayName(), row?.ToString() ?? Operator.Name(domain, node.OpType, opset), e.Message));
            }
            catch (UnsupportedModelException e)
            {
                unsupported.AddRange(e.Nodes);
            }
        }

        return unsupported.Count == 0 ? [.. bound] : throw UnsupportedModelException.Of(Model.Name, unsupported);
    }

    static UnsupportedAttributeException Missing(string domain, string type, long opset)
    {
        if (OperatorTable.All.Oldest(domain, type) is not { } oldest) return new("operator not in the table");
        return new(opset < oldest ? $"expected opset {oldest} or newer, got {opset}" : $"expected opset {OperatorTable.NewestOpset} at most, got {opset}");
    }

    BoundNode Bind(NodeProto proto, Operator row, IReadOnlyDictionary<string, long> opsets, HashSet<string> used)
    {
        string[] inputs = [.. proto.Input, .. Captures.ReadBy(proto).Except(proto.Input, StringComparer.Ordinal)];
        var bodies = new List<BoundBody>();
        var node = new OperatorNode(proto, row, _floats, Model.ReadRaw, graph =>
        {
            bodies.Add(new BoundBody(new BoundGraph(Model, graph, _floats, _functions, _unsigned, opsets, inputs), inputs));
            return bodies[^1];
        });
        node.CheckDeclared();
        for (var i = row.MaxOutputs; i < proto.Output.Count; i++)
        {
            if (used.Contains(proto.Output[i]))
                throw new UnsupportedAttributeException($"expected only the first {row.MaxOutputs} outputs to be used, got output '{proto.Output[i]}' in use");
        }

        return new(proto, row, row.Bind(node),
            [.. inputs.Select(name => name.Length == 0 ? -1 : Known(name, proto))],
            [.. proto.Output.Select((name, i) => name.Length == 0 || i >= row.MaxOutputs ? -1 : SlotOf(name))]) { Bodies = bodies };
    }

    int Known(string name, NodeProto reader) => _slots.TryGetValue(name, out var slot)
        ? slot
        : throw new InvalidModelException($"'{Model.Name}', node '{reader.DisplayName()}': expected input '{name}' to be an input, an initializer or a node's output, got none of them");
}
