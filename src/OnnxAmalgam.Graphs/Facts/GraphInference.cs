using Onnx;
using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Graphs.Inference;

/// <summary>Walks a graph in topological order and applies the table; If bodies and model-local functions are walked too.</summary>
/// <param name="model">Whose weights may be read for shape arithmetic.</param>
/// <param name="trustDeclared">Whether what the file declares of inner values fills the gaps.</param>
internal sealed class GraphInference(OnnxModel model, bool trustDeclared = true)
{
    const int DeepestNesting = 32;

    readonly Dictionary<(string Domain, string Name, string Overload), FunctionProto> functions =
        model.Proto.Functions.GroupBy(function => (Canonical(function.Domain), function.Name, function.Overload)).ToDictionary(group => group.Key, group => group.First());

    int fresh;

    /// <summary>A size that has no name.</summary>
    public Extent Fresh() => Extent.Named($"?{fresh++}");

    public Dictionary<string, ValueState> Run() =>
        Walk(model.Proto.Graph, new Scope(Imports(model.Proto.OpsetImport), null, 0)).Values;

    /// <summary>What is known in the main graph and in every graph below it (If, Loop, Scan; their own inputs as declared), by graph: a look-up
    /// that sees the graphs around, too. Local functions are not among them.</summary>
    public Dictionary<GraphProto, Func<string, ValueState?>> RunEverywhere()
    {
        var found = new Dictionary<GraphProto, Func<string, ValueState?>>(ReferenceEqualityComparer.Instance);
        Visit(model.Proto.Graph, new Scope(Imports(model.Proto.OpsetImport), null, 0));
        return found;

        void Visit(GraphProto graph, Scope scope)
        {
            found[graph] = Walk(graph, scope).Find;
            foreach (var body in graph.Node.SelectMany(Captures.Bodies))
                Visit(body, scope.Inner());
        }
    }

    public ValueState Read(TensorProto tensor) => ConstantReader.Read(model, tensor);

    /// <summary>The state that a declaration gives, or null for what is no tensor.</summary>
    public ValueState? Declared(ValueInfoProto info)
    {
        if (info.Type?.TensorType is not { HasElemType: true } tensor)
            return null;
        return new ValueState((DataType)tensor.ElemType, tensor.Shape is { } shape ? [.. shape.Dim.Select(Size)] : null);
    }

    Extent Size(TensorShapeProto.Types.Dimension dim) => dim.ValueCase switch
    {
        TensorShapeProto.Types.Dimension.ValueOneofCase.DimValue when dim.DimValue >= 0 => dim.DimValue,
        TensorShapeProto.Types.Dimension.ValueOneofCase.DimParam when dim.DimParam.Length > 0 => Extent.Named(dim.DimParam),
        _ => Fresh(),
    };

    Scope Walk(GraphProto graph, Scope scope)
    {
        foreach (var input in graph.Input)
            scope.Set(input.Name, Declared(input));
        foreach (var tensor in graph.Initializer)
            scope.Set(tensor.Name, Read(tensor));
        foreach (var sparse in graph.SparseInitializer)
            scope.Set(sparse.Values.Name, new ValueState((DataType)sparse.Values.DataType, [.. sparse.Dims.Select(Extent.Of)]));

        var declared = trustDeclared
            ? graph.ValueInfo.Concat(graph.Output).GroupBy(info => info.Name, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.First(), StringComparer.Ordinal)
            : [];
        foreach (var node in new GraphView(graph).Nodes)
        {
            Apply(node, scope);
            foreach (var output in node.Output)
            {
                if (declared.TryGetValue(output, out var info) && Declared(info) is { } state)
                    scope.Set(output, Merge(scope.Find(output), state));
            }
        }
        return scope;
    }

    void Apply(NodeProto node, Scope scope)
    {
        ValueState?[] outputs;
        try
        {
            outputs = [.. Outputs(node, scope).Select(Sound)];
        }
        catch (OverflowException)
        {
            // sizes beyond 64 bits: nothing sensible can be said
            outputs = RuleCall.Absent;
        }
        for (var i = 0; i < Math.Min(outputs.Length, node.Output.Count); i++)
            scope.Set(node.Output[i], outputs[i]);
    }

    /// <summary>Without elements that do not fill the shape: a file may state what cannot be.</summary>
    static ValueState? Sound(ValueState? state) =>
        (state?.Integers?.Length ?? state?.Reals?.Length) is { } count && state!.Shape is { } shape && Extent.Product(shape).Constant is { } size && size != count
            ? state with { Integers = null, Reals = null }
            : state;

    ValueState?[] Outputs(NodeProto node, Scope scope)
    {
        if (functions.TryGetValue((Canonical(node.Domain), node.OpType, node.Overload), out var function))
            return scope.Depth < DeepestNesting ? Call(function, node, scope) : RuleCall.Absent;
        if (node is { OpType: "If", Domain: "" or "ai.onnx" })
            return scope.Depth < DeepestNesting ? Branches(node, scope) : RuleCall.Absent;
        var inputs = node.Input.Select(scope.Find).ToArray();
        return FactTable.Find(node.Domain, node.OpType)?.Invoke(new RuleCall(node, scope.Opset(node.Domain), inputs, this)) ?? RuleCall.Absent;
    }

    /// <summary>What both branches of an If agree on; of a constant condition, only the branch that runs.</summary>
    ValueState?[] Branches(NodeProto node, Scope scope)
    {
        if (node.Graph("then_branch") is not { } then || node.Graph("else_branch") is not { } otherwise)
            return RuleCall.Absent;
        var taken = scope.Find(node.Input.FirstOrDefault() ?? "")?.Constants is [var condition] ? (condition != 0 ? [then] : [otherwise]) : new[] { then, otherwise };
        var results = taken.Select(body =>
        {
            var inner = Walk(body, scope.Inner());
            return body.Output.Select(output => inner.Find(output.Name)).ToArray();
        }).ToArray();
        return [.. Enumerable.Range(0, node.Output.Count).Select(i => results.Select(branch => branch.ElementAtOrDefault(i)).Aggregate(Agreement))];
    }

    ValueState? Agreement(ValueState? a, ValueState? b)
    {
        if (a is null || b is null || a.Type != b.Type)
            return null;
        if (a.Shape is null || b.Shape is null || a.Shape.Length != b.Shape.Length)
            return new ValueState(a.Type, null);
        return new ValueState(a.Type, [.. a.Shape.Zip(b.Shape, (x, y) => x.Equals(y) ? x : Fresh())]);
    }

    ValueState?[] Call(FunctionProto function, NodeProto node, Scope caller)
    {
        var scope = new Scope(Imports(function.OpsetImport), null, caller.Depth + 1);
        for (var i = 0; i < Math.Min(function.Input.Count, node.Input.Count); i++)
            scope.Set(function.Input[i], caller.Find(node.Input[i]));
        foreach (var inner in function.Node)
            Apply(WithAttributes(inner, node, function), scope);
        return [.. function.Output.Select(scope.Find)];
    }

    /// <summary>The function's node with references to the function's attributes replaced by what the caller (or the default) says.</summary>
    static NodeProto WithAttributes(NodeProto inner, NodeProto call, FunctionProto function)
    {
        if (!Refers(inner))
            return inner;
        var resolved = inner.Clone();
        resolved.Attribute.Clear();
        foreach (var attribute in inner.Attribute)
        {
            if (!attribute.HasRefAttrName)
            {
                resolved.Attribute.Add(attribute.Clone());
            }
            else if ((call.FindAttribute(attribute.RefAttrName)
                ?? function.AttributeProto.FirstOrDefault(one => one.Name == attribute.RefAttrName)) is { } given)
            {
                var named = given.Clone();
                named.Name = attribute.Name;
                resolved.Attribute.Add(named);
            }
        }
        foreach (var body in Captures.Bodies(resolved))
        {
            for (var i = 0; i < body.Node.Count; i++)
                body.Node[i] = WithAttributes(body.Node[i], call, function);
        }
        return resolved;
    }

    /// <summary>Whether a node, or one in its bodies, takes an attribute of the function around it.</summary>
    static bool Refers(NodeProto node) =>
        node.Attribute.Any(attribute => attribute.HasRefAttrName) || Captures.Bodies(node).Any(body => body.Node.Any(Refers));

    static string Canonical(string domain) => domain == "ai.onnx" ? "" : domain;

    static ValueState Merge(ValueState? inferred, ValueState declared)
    {
        if (inferred is null)
            return declared;
        if (inferred.Type != declared.Type || declared.Shape is null)
            return inferred;
        if (inferred.Shape is null)
            return inferred with { Shape = declared.Shape };
        if (inferred.Shape.Length != declared.Shape.Length)
            return inferred;
        return inferred with { Shape = [.. inferred.Shape.Zip(declared.Shape, (x, y) => x.IsUnnamed && !y.IsUnnamed ? y : x)] };
    }

    static Dictionary<string, long> Imports(IEnumerable<OperatorSetIdProto> sets) =>
        sets.GroupBy(set => Canonical(set.Domain), StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.Max(set => set.Version), StringComparer.Ordinal);

    /// <summary>The values of one graph, and of the graphs around it.</summary>
    sealed class Scope(Dictionary<string, long> imports, Scope? outer, int depth)
    {
        public int Depth => depth;

        public Dictionary<string, ValueState> Values { get; } = new(StringComparer.Ordinal);

        public Scope Inner() => new(imports, this, depth + 1);

        public long Opset(string domain) => imports.GetValueOrDefault(Canonical(domain), 1);

        public ValueState? Find(string name) => Values.GetValueOrDefault(name) ?? outer?.Find(name);

        public void Set(string name, ValueState? state)
        {
            if (name.Length > 0 && state is not null)
                Values[name] = state;
        }
    }
}
