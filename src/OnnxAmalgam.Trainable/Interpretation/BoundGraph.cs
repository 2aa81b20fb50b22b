using Onnx;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Trainable.Operators;

namespace OnnxAmalgam.Trainable.Interpretation;

/// <summary>A graph whose every node has a kernel and whose every value has a slot.</summary>
internal sealed class BoundGraph
{
    readonly Dictionary<string, int> _slots = new(StringComparer.Ordinal);

    /// <summary>Binds every node that the outputs, or anything a caller may ask for, can need.</summary>
    /// <exception cref="UnsupportedModelException">Everything that cannot be honoured, at once.</exception>
    public BoundGraph(OnnxModel model, FloatTypes floats)
    {
        Model = model;
        View = new GraphView(model.Proto.Graph);
        foreach (var input in View.Inputs) SlotOf(input.Name);
        foreach (var tensor in View.Proto.Initializer) SlotOf(tensor.Name);
        foreach (var node in View.Nodes)
        {
            foreach (var output in node.Output.Where(name => name.Length > 0)) SlotOf(output);
        }

        Nodes = Bind(floats);
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

    /// <summary>Every name, by slot.</summary>
    public IEnumerable<string> Names => _slots.Keys;

    int SlotOf(string value)
    {
        if (!_slots.TryGetValue(value, out var slot))
            _slots.Add(value, slot = _slots.Count);
        return slot;
    }

    BoundNode[] Bind(FloatTypes floats)
    {
        var opsets = Model.Proto.OpsetImport.ToDictionary(import => OperatorTable.Canonical(import.Domain), import => import.Version);
        var unsupported = new List<UnsupportedNode>();
        var bound = new List<BoundNode>(View.Nodes.Count);
        var positions = new Dictionary<NodeProto, int>(ReferenceEqualityComparer.Instance);
        foreach (var node in View.Proto.Node) positions.Add(node, positions.Count);
        foreach (var sparse in View.Proto.SparseInitializer)
            unsupported.Add(new(sparse.Values.Name, "sparse initializer", "expected dense weights"));
        foreach (var node in View.Nodes)
        {
            var domain = OperatorTable.Canonical(node.Domain);
            var opset = opsets.GetValueOrDefault(domain);
            var row = OperatorTable.All.Find(domain, node.OpType, opset);
            try
            {
                bound.Add(Bind(node, positions[node], Checked(row, domain, opset), floats));
            }
            catch (UnsupportedAttributeException e)
            {
                unsupported.Add(new(node.DisplayName(), row?.ToString() ?? Operator.Name(domain, node.OpType, opset), e.Message));
            }
        }

        return unsupported.Count == 0 ? [.. bound] : throw UnsupportedModelException.Of(Model.Name, unsupported);
    }

    static Operator Checked(Operator? row, string domain, long opset)
    {
        if (row is null) throw new UnsupportedAttributeException("operator not in the table");
        if (domain.Length == 0 && opset is < OperatorTable.OldestOpset or > OperatorTable.NewestOpset)
            throw new UnsupportedAttributeException($"expected opset {OperatorTable.OldestOpset} to {OperatorTable.NewestOpset}, got {opset}");
        return row;
    }

    BoundNode Bind(NodeProto proto, int position, Operator row, FloatTypes floats)
    {
        var node = new OperatorNode(proto, row, floats, Model.ReadRaw);
        node.CheckDeclared();
        for (var i = row.MaxOutputs; i < proto.Output.Count; i++)
        {
            if (proto.Output[i].Length > 0 && (View.Consumers(proto.Output[i]).Count > 0 || View.Outputs.Contains(proto.Output[i])))
                throw new UnsupportedAttributeException($"expected only the first {row.MaxOutputs} outputs to be used, got output '{proto.Output[i]}' in use");
        }

        return new(proto, position, row, row.Bind(node),
            [.. proto.Input.Select(name => name.Length == 0 ? -1 : Known(name, proto))],
            [.. proto.Output.Select((name, i) => name.Length == 0 || i >= row.MaxOutputs ? -1 : SlotOf(name))]);
    }

    int Known(string name, NodeProto reader) => _slots.TryGetValue(name, out var slot)
        ? slot
        : throw new InvalidModelException($"'{Model.Name}', node '{reader.DisplayName()}': expected input '{name}' to be an input, an initializer or a node's output, got none of them");
}
