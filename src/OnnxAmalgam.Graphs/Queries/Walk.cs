namespace OnnxAmalgam.Graphs.Queries;

/// <summary>Follows edges.</summary>
internal static class Walk
{
    /// <summary>Elements that some way of so many steps leads to, in the order of the graph.</summary>
    public static IEnumerable<GraphElement> Steps(Selection start, Edge edges, bool forth, int from, int? to)
    {
        HashSet<GraphElement> found = from == 0 ? [.. start] : [];
        HashSet<GraphElement> front = [.. start];
        for (var step = 1; front.Count > 0 && step <= (to ?? Math.Max(from, 1)); step++)
        {
            front = [.. front.SelectMany(element => start.Graph.Next(element, edges, forth))];
            if (step >= from)
                found.UnionWith(front);
        }
        if (to is null)
            Close(start.Graph, found, front, edges, forth);
        return InOrder(found);
    }

    /// <summary>The first elements on each way that satisfy a condition, where they lie so many steps away, in the order of the graph.</summary>
    public static IEnumerable<GraphElement> Until(Selection start, Edge edges, bool forth, Func<GraphElement, bool> condition, int from, int? to)
    {
        HashSet<GraphElement> found = from == 0 ? [.. start.Where(condition)] : [];
        HashSet<GraphElement> front = [.. start.Except(found)];
        var seen = new HashSet<GraphElement>();
        for (var step = 1; front.Count > 0 && step <= (to ?? int.MaxValue); step++)
        {
            // with no bound an element met again leads nowhere new; with one, how far away it lies matters
            var (isNew, next) = (to is null && step >= from, front.SelectMany(element => start.Graph.Next(element, edges, forth)));
            var met = next.Where(element => !isNew || seen.Add(element)).Distinct().ToLookup(condition);
            if (step >= from)
                found.UnionWith(met[true]);
            front = [.. met[false]];
        }
        return InOrder(found);
    }

    /// <summary>Each once, in the order of the graph.</summary>
    public static IEnumerable<GraphElement> InOrder(IEnumerable<GraphElement> elements) => elements.Distinct().OrderBy(element => element.Place);

    /// <summary>Adds everything that any number of further steps leads to.</summary>
    static void Close(QueryGraph graph, HashSet<GraphElement> found, IEnumerable<GraphElement> front, Edge edges, bool forth)
    {
        var open = new Stack<GraphElement>(front);
        while (open.TryPop(out var element))
        {
            foreach (var next in graph.Next(element, edges, forth).Where(found.Add))
                open.Push(next);
        }
    }
}
