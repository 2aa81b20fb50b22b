namespace OnnxAmalgam.Graphs.Queries;

/// <summary>How two elements hang together; several may be followed at once (<c>Edge.Feeds | Edge.Produces</c>).</summary>
[Flags]
public enum Edge
{
    /// <summary>None.</summary>
    None = 0,
    /// <summary>Op to the tensors (a Constant: the initializer) it makes.</summary>
    Produces = 1,
    /// <summary>Tensor to the ops that read it, those whose bodies capture it too.</summary>
    Feeds = 2,
    /// <summary>Op to the initializers it reads.</summary>
    Uses = 4,
    /// <summary>Model to ops, initializers and task; op to attributes; task to labels.</summary>
    Owns = 8,
    /// <summary>The tensor of the class scores, and the model, to labels.</summary>
    Predicts = 16,
    /// <summary>Both ways: tensors that an Identity or Dropout passes on, initializers of equal type, shape and elements, labels of equal text.</summary>
    SameAs = 32,
    /// <summary>Where data flows: <see cref="Feeds"/> and <see cref="Produces"/>.</summary>
    Flow = Feeds | Produces,
}
