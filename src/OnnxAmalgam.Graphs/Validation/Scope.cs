namespace OnnxAmalgam.Graphs.Validation;

/// <summary>Names that are defined at a point of a graph: its own so far and those of the graphs around it.</summary>
sealed class Scope(Scope? outer)
{
    readonly HashSet<string> own = new(StringComparer.Ordinal);

    /// <summary>Whether this graph or one around it defines the name.</summary>
    public bool Sees(string name) => own.Contains(name) || outer?.Sees(name) == true;

    /// <summary>Whether this graph itself defines the name.</summary>
    public bool Owns(string name) => own.Contains(name);

    /// <summary>Defines a name; false when it is taken, here or outside.</summary>
    public bool Define(string name) => outer?.Sees(name) != true && own.Add(name);
}
