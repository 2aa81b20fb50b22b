namespace OnnxAmalgam.Graphs.Queries;

/// <summary>The edges of one kind, stored both ways; each pair once, in the order in which they were added.</summary>
internal sealed class EdgeTable
{
    readonly HashSet<(GraphElement, GraphElement)> known = [];
    readonly Dictionary<GraphElement, List<GraphElement>> forth = [], back = [];

    public void Add(GraphElement from, GraphElement to)
    {
        if (!known.Add((from, to)))
            return;
        ListOf(forth, from).Add(to);
        ListOf(back, to).Add(from);
    }

    public IReadOnlyList<GraphElement> From(GraphElement element) => forth.TryGetValue(element, out var list) ? list : [];

    public IReadOnlyList<GraphElement> To(GraphElement element) => back.TryGetValue(element, out var list) ? list : [];

    static List<GraphElement> ListOf(Dictionary<GraphElement, List<GraphElement>> table, GraphElement key)
    {
        if (!table.TryGetValue(key, out var list))
            table[key] = list = [];
        return list;
    }
}
