using Onnx;

namespace OnnxAmalgam.Graphs.Edits;

/// <summary>The local functions of several models in one. Equal ones are there once; where one goes by another's name, those of its model get
/// names of their own.</summary>
internal sealed class MergedFunctions(ModelProto merged)
{
    readonly Dictionary<(string, string, string), FunctionProto> known = [];

    /// <summary>Adds a model's functions.</summary>
    /// <param name="own">Its fields; the nodes that call a renamed function are changed.</param>
    /// <param name="prefix">What new names begin with.</param>
    public void Add(ModelProto own, string prefix)
    {
        if (own.Functions.Any(function => known.TryGetValue(Id(function), out var other) && !other.Equals(function)))
            Rename(own, prefix);
        foreach (var function in own.Functions)
        {
            if (known.TryAdd(Id(function), function))
                merged.Functions.Add(function);
            else if (!known[Id(function)].Equals(function))
                throw new InputException($"function '{function.Name}': expected a name of its own, got one that another model's function has; rename it");
        }
    }

    static void Rename(ModelProto own, string prefix)
    {
        var named = own.Functions.Select(Id).ToHashSet();
        foreach (var node in own.Graph.Node.Concat(own.Functions.SelectMany(function => function.Node)))
            RenameCalls(node);
        foreach (var function in own.Functions)
            function.Name = prefix + function.Name;

        void RenameCalls(NodeProto node)
        {
            foreach (var inner in Captures.Bodies(node).SelectMany(body => body.Node))
                RenameCalls(inner);
            if (named.Contains((Canonical(node.Domain), node.OpType, node.Overload)))
                node.OpType = prefix + node.OpType;
        }
    }

    static (string, string, string) Id(FunctionProto function) => (Canonical(function.Domain), function.Name, function.Overload);

    static string Canonical(string domain) => domain == "ai.onnx" ? "" : domain;
}
