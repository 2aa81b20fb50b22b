namespace OnnxAmalgam.Training.Recipes;

/// <summary>A label and what else is true of everything that has it.</summary>
/// <param name="Label">The special one: <c>dog</c>.</param>
/// <param name="Implied">The general ones: <c>animal</c>.</param>
public sealed record Implication(string Label, IReadOnlyList<string> Implied);

/// <summary>Penalty for a label that is more probable than a label which it implies.</summary>
/// <param name="Weight">Its factor.</param>
/// <param name="Implies">Labels of the union; without a cycle. What follows from several of them together counts too.</param>
public sealed record ConsistencyTerm(double Weight, IReadOnlyList<Implication> Implies) : LossTerm(Weight)
{
    /// <inheritdoc/>
    public override TermInput Reads => TermInput.Student;
}

/// <summary>What follows from implications.</summary>
internal static class Implications
{
    /// <summary>All pairs (label, implied) that follow, in the order stated: of dog => animal and animal => thing also dog => thing.</summary>
    public static IReadOnlyList<(string Label, string Implied)> All(IReadOnlyList<Implication> implies)
    {
        var stated = implies.ToLookup(i => i.Label, StringComparer.Ordinal);
        return [.. implies.Select(i => i.Label).Distinct(StringComparer.Ordinal).SelectMany(label => From(label, stated).Keys.Select(implied => (label, implied)))];
    }

    /// <summary>A label that implies itself, with the way back to it (<c>a, b, a</c>); null where there is none.</summary>
    public static IReadOnlyList<string>? Cycle(IReadOnlyList<Implication> implies)
    {
        var stated = implies.ToLookup(i => i.Label, StringComparer.Ordinal);
        foreach (var label in implies.Select(i => i.Label))
        {
            var reached = From(label, stated);
            if (!reached.ContainsKey(label)) continue;
            List<string> way = [label];
            do way.Insert(0, reached[way[0]]); while (way[0] != label);
            return way;
        }

        return null;
    }

    /// <summary>Every label that a label implies, with the label that it was reached from.</summary>
    static OrderedDictionary<string, string> From(string label, ILookup<string, Implication> stated)
    {
        OrderedDictionary<string, string> reached = new(StringComparer.Ordinal);
        Queue<string> open = new([label]);
        while (open.TryDequeue(out var at))
            foreach (var implied in stated[at].SelectMany(i => i.Implied))
                if (reached.TryAdd(implied, at)) open.Enqueue(implied);
        return reached;
    }
}
