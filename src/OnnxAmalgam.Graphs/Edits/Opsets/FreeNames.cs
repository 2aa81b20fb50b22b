using Onnx;

namespace OnnxAmalgam.Graphs.Edits.Opsets;

/// <summary>Names that nothing in a model has: no value of any graph, body or local function, no node.</summary>
internal sealed class FreeNames
{
    readonly HashSet<string> values = new(StringComparer.Ordinal);
    readonly HashSet<string> nodes = new(StringComparer.Ordinal);

    public FreeNames(ModelProto model)
    {
        Take(model.Graph);
        foreach (var function in model.Functions)
        {
            values.UnionWith(function.Input);
            Take(function.Node);
        }
    }

    /// <summary>The name itself, or the name with a number, for a value.</summary>
    public string FreeValue(string wanted) => Free(values, wanted);

    /// <summary>The same for a node.</summary>
    public string FreeNode(string wanted) => Free(nodes, wanted);

    static string Free(HashSet<string> taken, string wanted)
    {
        var name = wanted;
        for (var number = 1; !taken.Add(name); number++)
            name = $"{wanted}_{number}";
        return name;
    }

    void Take(GraphProto graph)
    {
        values.UnionWith(graph.Input.Select(input => input.Name));
        values.UnionWith(graph.Initializer.Select(tensor => tensor.Name));
        values.UnionWith(graph.SparseInitializer.Select(sparse => sparse.Values.Name));
        Take(graph.Node);
    }

    void Take(IEnumerable<NodeProto> list)
    {
        foreach (var node in list)
        {
            nodes.Add(node.Name);
            values.UnionWith(node.Output);
            foreach (var body in Captures.Bodies(node))
                Take(body);
        }
    }
}
