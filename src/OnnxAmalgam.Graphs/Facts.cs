using Onnx;

namespace OnnxAmalgam.Graphs;

/// <summary>One dimension: a size, a named symbol, or neither (unknown).</summary>
public readonly record struct Dim(long? Size, string? Symbol)
{
    /// <summary>The size, the symbol, or <c>?</c>.</summary>
    public override string ToString() => Size?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? Symbol ?? "?";
}

/// <summary>What is known of a value before running: element type and shape (null: rank unknown).</summary>
public sealed record ValueFact(TensorProto.Types.DataType Type, IReadOnlyList<Dim>? Shape);

/// <summary>Symbolic type and shape inference over the main graph; what cannot be inferred is absent, never guessed.</summary>
public static class Facts
{
    /// <summary>Facts of every value of the main graph that could be inferred, by name.</summary>
    public static IReadOnlyDictionary<string, ValueFact> Infer(OnnxModel model) => throw new NotImplementedException();
}
