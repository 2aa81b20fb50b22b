namespace OnnxAmalgam.Graphs.Queries;

/// <summary>What an element of a model's graph is.</summary>
public enum ElementKind
{
    /// <summary>The model itself.</summary>
    Model,
    /// <summary>A node of the main graph.</summary>
    Op,
    /// <summary>A value that is fed or computed.</summary>
    Tensor,
    /// <summary>A stored tensor: an initializer, or what a Constant node holds.</summary>
    Initializer,
    /// <summary>An attribute of a node.</summary>
    Attribute,
    /// <summary>A class that the model knows.</summary>
    Label,
    /// <summary>What the labels are for.</summary>
    Task,
}
