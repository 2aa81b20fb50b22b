using Onnx;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Trainable.Operators;

namespace OnnxAmalgam.Trainable.Interpretation;

/// <summary>A node to bind, and the opsets that give it its meaning (a function has its own).</summary>
internal sealed record NodeSite(NodeProto Node, IReadOnlyDictionary<string, long> Opsets);

/// <summary>Puts the nodes of a model's local functions in the place of the nodes that call them.</summary>
internal sealed class FunctionCalls
{
    const int MaxDepth = 100;

    readonly Dictionary<(string Domain, string Name, string Overload), FunctionProto> _functions = [];

    public FunctionCalls(ModelProto model)
    {
        foreach (var function in model.Functions)
            _functions.TryAdd((OperatorTable.Canonical(function.Domain), function.Name, function.Overload), function);
    }

    /// <summary>The opsets that a model or a function states, by domain.</summary>
    public static Dictionary<string, long> Opsets(IEnumerable<OperatorSetIdProto> imports) =>
        imports.GroupBy(import => OperatorTable.Canonical(import.Domain)).ToDictionary(group => group.Key, group => group.First().Version);

    /// <summary>The node itself, or what the function that it calls consists of, functions within it as well.</summary>
    public IEnumerable<NodeSite> Expand(NodeSite site, int depth = 0)
    {
        var call = site.Node;
        if (!_functions.TryGetValue((OperatorTable.Canonical(call.Domain), call.OpType, call.Overload), out var function)) return [site];
        if (depth == MaxDepth)
            throw new InvalidModelException($"function '{function.Name}': expected calls at most {MaxDepth} deep, got a function that calls itself or a deeper one");
        var opsets = Opsets(function.OpsetImport);
        var names = Names(call, function);
        var prefix = call.Output.First(name => name.Length > 0);
        string Renamed(string name) => name.Length == 0 ? "" : names.GetValueOrDefault(name, $"{prefix}\u2192{name}");
        return function.Node.Select(inner => new NodeSite(Instance(inner, call, function, Renamed), opsets))
            .SelectMany(inner => Expand(inner, depth + 1));
    }

    static Dictionary<string, string> Names(NodeProto call, FunctionProto function)
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < function.Input.Count; i++) names[function.Input[i]] = i < call.Input.Count ? call.Input[i] : "";
        for (var i = 0; i < Math.Min(function.Output.Count, call.Output.Count); i++)
        {
            if (call.Output[i].Length > 0) names[function.Output[i]] = call.Output[i];
        }

        return names;
    }

    static NodeProto Instance(NodeProto inner, NodeProto call, FunctionProto function, Func<string, string> renamed)
    {
        var node = inner.Clone();
        node.Name = $"{call.DisplayName()}/{inner.DisplayName()}";
        Rename(node, renamed);
        Resolve(node, name => call.FindAttribute(name) ?? function.AttributeProto.FirstOrDefault(attribute => attribute.Name == name));
        return node;
    }

    static void Rename(NodeProto node, Func<string, string> renamed)
    {
        for (var i = 0; i < node.Input.Count; i++) node.Input[i] = renamed(node.Input[i]);
        for (var i = 0; i < node.Output.Count; i++) node.Output[i] = renamed(node.Output[i]);
        foreach (var body in Captures.Bodies(node))
        {
            // a body's own names, too: they may be those that the caller has outside
            foreach (var value in body.Input.Concat(body.Output).Concat(body.ValueInfo)) value.Name = renamed(value.Name);
            foreach (var tensor in body.Initializer.Concat(body.SparseInitializer.Select(sparse => sparse.Values))) tensor.Name = renamed(tensor.Name);
            foreach (var inner in body.Node) Rename(inner, renamed);
        }
    }

    /// <summary>Attributes that refer to the call's take its values; those that the call leaves out and that have no default are left out.</summary>
    static void Resolve(NodeProto node, Func<string, AttributeProto?> find)
    {
        for (var i = node.Attribute.Count - 1; i >= 0; i--)
        {
            if (node.Attribute[i].RefAttrName is not { Length: > 0 } wanted) continue;
            var name = node.Attribute[i].Name;
            if (find(wanted)?.Clone() is { } given)
            {
                given.Name = name;
                node.Attribute[i] = given;
            }
            else
            {
                node.Attribute.RemoveAt(i);
            }
        }

        foreach (var inner in Captures.Bodies(node).SelectMany(body => body.Node)) Resolve(inner, find);
    }
}
