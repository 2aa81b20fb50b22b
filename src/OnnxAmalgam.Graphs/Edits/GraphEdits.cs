namespace OnnxAmalgam.Graphs.Edits;

/// <summary>Pure changes: each returns a new model and leaves its argument as it was. Nodes and initializers that stay keep every field.</summary>
public static class GraphEdits
{
    /// <summary>Adds values to the graph's outputs (those that are not outputs yet).</summary>
    public static OnnxModel ExposeOutputs(OnnxModel model, IEnumerable<string> values) => throw new NotImplementedException();

    /// <summary>The subgraph that computes just these values: they become the outputs, in this order; what nobody needs is gone,
    /// names captured by If/Loop/Scan bodies stay.</summary>
    public static OnnxModel Extract(OnnxModel model, IReadOnlyList<string> outputs) => throw new NotImplementedException();

    /// <summary>Replaces the classifier's last linear layer by one of another width; whatever follows it (softmax) is cut.</summary>
    /// <param name="model">A model with a <see cref="ClassifierHead"/>.</param>
    /// <param name="weight">New weight [classes, features], row-major.</param>
    /// <param name="bias">New bias [classes].</param>
    public static OnnxModel ReplaceHead(OnnxModel model, ReadOnlySpan<float> weight, ReadOnlySpan<float> bias) => throw new NotImplementedException();

    /// <summary>Makes the batch dimension symbolic where inputs fix it and nothing inside depends on the number; null when that cannot be shown.</summary>
    public static OnnxModel? WithSymbolicBatch(OnnxModel model) => throw new NotImplementedException();
}
