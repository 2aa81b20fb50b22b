using Onnx;

namespace OnnxAmalgam.Graphs.Validation;

/// <summary>Rules of one graph and the graphs in it: every name defined once and before it is used.</summary>
sealed class GraphRules(Findings findings, TensorRules tensors, long irVersion)
{
    readonly AttributeRules attributes = new(findings, tensors, irVersion);

    /// <summary>Checks the main graph.</summary>
    public void CheckMain(GraphProto graph)
    {
        foreach (var input in graph.Input)
            if (input.Type is null) findings.Error($"input {Place.Quote(input.Name)}", "a type, got none");
        Check(graph, null, "");
    }

    /// <summary>Checks nodes that see these names, and puts them in order. Used for graphs and for functions.</summary>
    /// <param name="nodes">The nodes; sorted in place.</param>
    /// <param name="scope">What is defined before the first one.</param>
    /// <param name="inside">The place, ready to be put before a node's.</param>
    /// <param name="mayReference">Whether attributes may refer to a function's attributes.</param>
    public void CheckNodes(IList<NodeProto> nodes, Scope scope, string inside, bool mayReference)
    {
        var order = Sort(nodes, inside);
        for (var i = 0; i < order.Count; i++)
        {
            var node = nodes[i];
            var place = Place.Node(inside, node, order[i]);
            if (node.OpType.Length == 0) findings.Error(place, "an op_type, got none");
            Arity.Check(node, place, findings);
            for (var k = 0; k < node.Input.Count; k++)
                if (node.Input[k].Length > 0 && !scope.Sees(node.Input[k]))
                    findings.Error(place, $"input {k} to be an earlier value or an initializer, got {Place.Quote(node.Input[k])}, which nothing defines");
            attributes.Check(node, place, mayReference);
            foreach (var body in node.Attribute.SelectMany(a => ModelRules.Bodies(a).Select(g => (a.Name, Graph: g))))
                Check(body.Graph, scope, $"{place}, {Place.Quote(body.Name)}, ", mayReference);
            foreach (var output in node.Output)
                if (output.Length > 0 && !scope.Define(output)) Taken(place, output);
        }
    }

    void Check(GraphProto graph, Scope? outer, string inside, bool mayReference = false)
    {
        var scope = new Scope(outer);
        foreach (var input in graph.Input)
        {
            if (input.Name.Length == 0) findings.Error($"{inside}input", "a name, got none");
            else if (!scope.Define(input.Name)) Taken($"{inside}input {Place.Quote(input.Name)}", input.Name);
        }
        DeclaredTypes(graph.Input.Concat(graph.Output).Concat(graph.ValueInfo), inside);
        Initializers(graph, scope, inside);
        CheckNodes(graph.Node, scope, inside, mayReference);

        var outputs = new HashSet<string>(StringComparer.Ordinal);
        foreach (var output in graph.Output)
        {
            if (!scope.Owns(output.Name)) findings.Error($"{inside}output {Place.Quote(output.Name)}", "a value of this graph, got a name that it does not define");
            if (!outputs.Add(output.Name)) findings.Error($"{inside}output {Place.Quote(output.Name)}", "each output once, got it twice");
        }
    }

    void Initializers(GraphProto graph, Scope scope, string inside)
    {
        var inputs = graph.Input.GroupBy(i => i.Name).ToDictionary(g => g.Key, g => g.First(), StringComparer.Ordinal);
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var tensor in graph.Initializer)
        {
            var place = $"{inside}initializer {Place.Quote(tensor.Name)}";
            tensors.Check(tensor, place);
            Define(tensor.Name, place);
            if (inputs.TryGetValue(tensor.Name, out var declared)) tensors.CheckDeclaration(tensor, declared, place);
        }
        foreach (var sparse in graph.SparseInitializer)
        {
            var place = $"{inside}sparse initializer {Place.Quote(sparse.Values?.Name ?? "")}";
            tensors.Check(sparse, place);
            Define(sparse.Values?.Name ?? "", place);
        }

        // An initializer of an input's name is that input's default value.
        void Define(string name, string place)
        {
            if (name.Length == 0) findings.Error(place, "a name, got none");
            else if (!names.Add(name)) Taken(place, name);
            else if (!inputs.ContainsKey(name) && !scope.Define(name)) Taken(place, name);
        }
    }

    void DeclaredTypes(IEnumerable<ValueInfoProto> values, string inside)
    {
        foreach (var value in values)
        {
            if (value.Type?.TensorType is not { } type) continue;
            if (!ElementTypes.IsKnown((TensorProto.Types.DataType)type.ElemType))
                findings.Error($"{inside}value {Place.Quote(value.Name)}", $"a known element type, got {type.ElemType}");
        }
    }

    /// <summary>Puts the nodes in order; returns each one's index in the file. With a cycle they stay as they are.</summary>
    IReadOnlyList<int> Sort(IList<NodeProto> nodes, string inside)
    {
        var before = nodes.ToList();
        var order = NodeOrder.Sort(before, out var cycle);
        if (cycle.Count > 0)
        {
            var ring = cycle.Append(cycle[0]).Select(i => Place.Node("", before[i], i));
            findings.Error(inside.TrimEnd(' ', ','), $"a graph without cycles, got {string.Join(" -> ", ring)}");
            findings.ThrowIfAny();
        }
        if (order.Select((index, position) => index == position).All(same => same)) return order;
        for (var i = 0; i < order.Count; i++) nodes[i] = before[order[i]];
        findings.Sorted(inside.TrimEnd(' ', ','));
        return order;
    }

    void Taken(string place, string name) =>
        findings.Error(place, $"every name defined once, got {Place.Quote(name)} a second time in the graphs that see each other");
}
