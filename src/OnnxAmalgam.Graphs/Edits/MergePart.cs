namespace OnnxAmalgam.Graphs.Edits;

/// <summary>One of the models that <see cref="GraphEdits.Merge"/> puts side by side.</summary>
/// <param name="Model">Not changed.</param>
/// <param name="Prefix">What its names begin with in the merged model: values, initializers, nodes, symbolic sizes, metadata.</param>
public sealed record MergePart(OnnxModel Model, string Prefix)
{
    /// <summary>Inputs that get a name without prefix, by their name in the model. Parts that give theirs the same name are fed the same tensor.</summary>
    public IReadOnlyDictionary<string, string> Inputs { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
}
