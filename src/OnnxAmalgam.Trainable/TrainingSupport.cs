using OnnxAmalgam.Graphs;
using OnnxAmalgam.Trainable.Interpretation;
using OnnxAmalgam.Trainable.Operators;

namespace OnnxAmalgam.Trainable;

/// <summary>What keeps a model from being trained, asked of the operator table alone: libtorch is not loaded.</summary>
public static class TrainingSupport
{
    /// <summary>Every operator and attribute that the trainable graph lacks; empty: it can be trained.</summary>
    public static IReadOnlyList<UnsupportedNode> Missing(OnnxModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        try
        {
            _ = new BoundGraph(model, new FloatTypes(null));
            return [];
        }
        catch (UnsupportedModelException e)
        {
            return e.Nodes;
        }
    }
}
