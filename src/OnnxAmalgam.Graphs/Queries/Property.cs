namespace OnnxAmalgam.Graphs.Queries;

/// <summary>What values of a property are.</summary>
internal enum PropertyType
{
    Text,
    Number,
    Truth,
    Shape,
    /// <summary>An attribute's: whatever it holds.</summary>
    Any,
}

/// <summary>A property that queries can name.</summary>
/// <param name="Name">Its name in the language.</param>
/// <param name="Type">What its values are.</param>
/// <param name="Read">The value for an element; null where it has none.</param>
internal sealed record Property(string Name, PropertyType Type, Func<GraphElement, object?> Read)
{
    /// <summary>Every property, in the order of the documentation.</summary>
    public static IReadOnlyList<Property> All { get; } =
    [
        Text("kind", e => e.Kind.ToString().ToLowerInvariant()),
        Text("name", e => e.Name),
        Text("type", e => e.Type),
        Text("domain", e => e.Domain),
        Text("module", e => e.Module),
        Text("role", e => e.Role),
        Text("dtype", e => e.Dtype),
        Number("rank", e => e.Rank),
        new("shape", PropertyType.Shape, e => e.Shape is { } shape ? (IReadOnlyList<object>)[.. shape.Select(dim => dim.ToString())] : null),
        Number("size", e => e.Size),
        Number("channels", e => e.Channels),
        Number("axis", e => e.ChannelAxis),
        Number("height", e => e.Height),
        Number("width", e => e.Width),
        Text("hw", e => e.Hw),
        Number("stride", e => e.Stride),
        Number("depth", e => e.Depth),
        Number("distance", e => e.Distance),
        Number("place", e => e.Place),
        Number("parameters", e => e.Parameters),
        Number("macs", e => e.Macs),
        new("value", PropertyType.Any, e => e.Value),
        Truth("dominator", e => e.IsDominator),
        Truth("activation", e => e.IsActivation),
        Truth("tap", e => e.IsTap),
        Truth("head", e => e.IsHead),
        Truth("input", e => e.IsInput),
        Truth("output", e => e.IsOutput),
        Truth("image", e => e.IsImage),
        Truth("logits", e => e.IsLogits),
    ];

    /// <summary>The property of that name, or null.</summary>
    public static Property? Find(string name) => All.FirstOrDefault(property => property.Name == name);

    static Property Text(string name, Func<GraphElement, string?> read) => new(name, PropertyType.Text, read);

    static Property Number(string name, Func<GraphElement, double?> read) => new(name, PropertyType.Number, e => read(e));

    static Property Truth(string name, Func<GraphElement, bool> read) => new(name, PropertyType.Truth, e => read(e));
}
