using OnnxAmalgam.Graphs.Inference;
using Onnx;

namespace OnnxAmalgam.Graphs;

/// <summary>One dimension: a size, a named symbol, or neither (unknown).</summary>
public readonly record struct Dim(long? Size, string? Symbol)
{
    /// <summary>The size, the symbol, or <c>?</c>.</summary>
    public override string ToString() => Size?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? Symbol ?? "?";
}

/// <summary>What is known of a value before running: element type and shape (null: rank unknown).</summary>
public sealed record ValueFact(TensorProto.Types.DataType Type, IReadOnlyList<Dim>? Shape)
{
    /// <summary>Number of axes, where known.</summary>
    public int? Rank => Shape?.Count;

    /// <summary>Type and shape as <c>Float[N,16,7,7]</c>.</summary>
    public override string ToString() => Shape is null ? $"{Type}[...]" : $"{Type}[{string.Join(',', Shape)}]";
}

/// <summary>Symbolic type and shape inference over the main graph; what cannot be inferred is absent, never guessed.</summary>
public static class Facts
{
    /// <summary>Facts of every value of the main graph that could be inferred, by name: inputs, initializers and node outputs.</summary>
    /// <remarks>Sizes that follow from named ones are expressions of them (<c>4*N</c>, <c>floor((H-1)/2)+1</c>). Gaps are filled from
    /// the shapes the file declares. One thing is assumed: a positive constant bound of a Slice lies within an axis of unknown size, as exporters mean it.</remarks>
    public static IReadOnlyDictionary<string, ValueFact> Infer(OnnxModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new GraphInference(model).Run().ToDictionary(
            pair => pair.Key,
            pair => new ValueFact(pair.Value.Type, pair.Value.Shape is { } shape ? [.. shape.Select(extent => extent.ToDim())] : null),
            StringComparer.Ordinal);
    }
}
