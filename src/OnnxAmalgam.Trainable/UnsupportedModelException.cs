using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Trainable;

/// <summary>One thing in a valid model that the trainable graph cannot honour.</summary>
/// <param name="Node">The node's name, or that of the first value it makes.</param>
/// <param name="Operator">The operator and its version: <c>Resize-13</c>.</param>
/// <param name="Reason">What is expected, and what was got.</param>
public sealed record UnsupportedNode(string Node, string Operator, string Reason);

/// <summary>A valid model that cannot be trained here; lists every reason at once.</summary>
public sealed class UnsupportedModelException(string message, IReadOnlyList<UnsupportedNode> nodes) : InputException(message)
{
    /// <summary>Every reason.</summary>
    public IReadOnlyList<UnsupportedNode> Nodes { get; } = nodes;

    internal static UnsupportedModelException Of(string model, IReadOnlyList<UnsupportedNode> nodes)
    {
        return new($"model '{model}': {(nodes.Count == 1 ? "1 node" : $"{nodes.Count} nodes")} cannot be trained: {string.Join("; ", Sentences(nodes))}", nodes);
    }

    /// <summary>Each reason once, behind the nodes that it holds for.</summary>
    public static IReadOnlyList<string> Sentences(IReadOnlyList<UnsupportedNode> nodes) =>
        [.. nodes.GroupBy(node => node.Reason, StringComparer.Ordinal).Select(same => $"{string.Join(", ", same.Select(node => $"node '{node.Node}' ({node.Operator})"))}: {same.Key}")];
}
