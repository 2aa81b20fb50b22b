using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Trainable;

/// <summary>One thing in a valid model that the trainable graph cannot honour.</summary>
public sealed record UnsupportedNode(string Node, string Operator, string Reason);

/// <summary>A valid model that cannot be trained here; lists every reason at once.</summary>
public sealed class UnsupportedModelException(string message, IReadOnlyList<UnsupportedNode> nodes) : InputException(message)
{
    /// <summary>Every reason.</summary>
    public IReadOnlyList<UnsupportedNode> Nodes { get; } = nodes;
}
