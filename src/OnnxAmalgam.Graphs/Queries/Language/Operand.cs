using System.Globalization;

namespace OnnxAmalgam.Graphs.Queries.Language;

/// <summary>Something that has values for an element: a literal, a property, a count, a property of other elements.</summary>
/// <param name="Text">As it was written.</param>
/// <param name="Type">What the values are.</param>
internal abstract record Operand(string Text, PropertyType Type)
{
    /// <summary>The values; null among them where one is not known.</summary>
    public abstract IEnumerable<object?> Values(Evaluation at);

    /// <summary>The value to sort by, null where there is none or several.</summary>
    public Ordered? Sorted(Evaluation at) => Values(at).Take(2).ToArray() is [{ } value] ? new Ordered(value) : null;

    /// <summary>The value to group by, null where there is none or several.</summary>
    public string? Grouped(Evaluation at) => Values(at).Take(2).ToArray() is [{ } value] ? Shown(value) : null;

    /// <summary>A value in words.</summary>
    public static string Shown(object value) => value switch
    {
        double number => number.ToString(CultureInfo.InvariantCulture),
        bool truth => truth ? "true" : "false",
        IReadOnlyList<object> list => $"[{string.Join(',', list.Select(Shown))}]",
        _ => $"{value}",
    };
}

/// <summary>A value that knows its order: numbers by size, all else by its text.</summary>
internal sealed record Ordered(object Value) : IComparable<Ordered>
{
    public int CompareTo(Ordered? other) => other is null ? 1
        : Value is double a && other.Value is double b ? a.CompareTo(b)
        : string.CompareOrdinal(Operand.Shown(Value), Operand.Shown(other.Value));
}

/// <summary>A number, a text, or a list of them.</summary>
internal sealed record Literal(string Text, PropertyType Type, object Value) : Operand(Text, Type)
{
    public override IEnumerable<object?> Values(Evaluation at) => [Value];
}

/// <summary><c>rank</c>.</summary>
internal sealed record PropertyOperand(string Text, Property Property) : Operand(Text, Property.Type)
{
    public override IEnumerable<object?> Values(Evaluation at) => [Property.Read(at.Self!)];
}

/// <summary><c>count(query)</c>.</summary>
internal sealed record CountOperand(string Text, QueryNode Query) : Operand(Text, PropertyType.Number)
{
    public override IEnumerable<object?> Values(Evaluation at) => [(double)Query.Run(at).Count];
}

/// <summary><c>type of (query)</c>: one value for each element selected.</summary>
internal sealed record RemoteOperand(string Text, Property Property, QueryNode Query) : Operand(Text, Property.Type)
{
    public override IEnumerable<object?> Values(Evaluation at) => Query.Run(at).Select(Property.Read);
}
