using Onnx;

namespace OnnxAmalgam.Graphs.Validation;

/// <summary>How messages call the parts of a graph; names that differ only in characters nobody sees are shown with these escaped.</summary>
static class Place
{
    const int MaxShown = 120;

    /// <summary>A value or name, quoted.</summary>
    public static string Quote(string name)
    {
        var shown = name.Length > MaxShown ? name[..MaxShown] + "..." : name;
        return $"'{string.Concat(shown.Select(c => char.IsControl(c) ? $"\\u{(int)c:x4}" : c.ToString()))}'";
    }

    /// <summary>A node: by its name, else by its number.</summary>
    /// <param name="inside">The place of its graph, ready to be put before (empty for the main graph).</param>
    /// <param name="node">The node.</param>
    /// <param name="index">Its index in the file.</param>
    public static string Node(string inside, NodeProto node, int index) =>
        inside + (node.Name.Length > 0 ? $"node {Quote(node.Name)} ({node.OpType})" : $"node {index + 1} ({node.OpType})");
}
