using Onnx;

namespace OnnxAmalgam.Graphs.Edits;

/// <summary>Names for nodes that are put into a graph: ONNX Runtime refuses a graph in which two have one.</summary>
internal sealed class NewNodeNames(GraphProto graph)
{
    readonly HashSet<string> taken = [.. graph.Node.Select(node => node.Name)];

    /// <summary>The name itself, or the name with a number, whichever is free.</summary>
    public string Free(string wanted)
    {
        var name = wanted;
        for (var number = 1; !taken.Add(name); number++)
            name = $"{wanted}_{number}";
        return name;
    }
}
