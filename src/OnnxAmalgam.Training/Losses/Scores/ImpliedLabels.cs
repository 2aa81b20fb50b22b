using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Losses.Scores;

/// <summary>An implication between scores of the student.</summary>
/// <param name="Premise">Labels of the union, any of which is the label that implies.</param>
/// <param name="Teacher">The teacher whose labels the implied one is read among; null: it stands for itself (sigmoids).</param>
/// <param name="Conclusion">Labels of the union, any of which is the implied one.</param>
/// <param name="Share">One over the number of readings of one implication.</param>
internal sealed record ImpliedLabels(IReadOnlyList<int> Premise, int? Teacher, IReadOnlyList<int> Conclusion, double Share)
{
    /// <summary>The readings of a term's implications, stated and following.</summary>
    /// <param name="term">The implications.</param>
    /// <param name="union">The student's labels.</param>
    /// <param name="multiLabel">Whether the student's scores are sigmoids.</param>
    /// <exception cref="InputException">A label that is not in the union, or two that one softmax makes exclude each other.</exception>
    public static IReadOnlyList<ImpliedLabels> Of(ConsistencyTerm term, LabelUnion union, bool multiLabel)
    {
        RequireKnown(term, union);
        var pairs = Implications.All(term.Implies);
        if (!multiLabel) RefuseExclusive(pairs, union);
        return [.. pairs.SelectMany(pair => multiLabel ? ByLabel(pair, union) : ByTeacher(pair, union))];
    }

    static IEnumerable<ImpliedLabels> ByLabel((string Label, string Implied) pair, LabelUnion union)
    {
        var (special, general) = (Labels(union, pair.Label), Labels(union, pair.Implied));
        return special.SelectMany(a => general.Select(b => new ImpliedLabels([a], null, [b], 1.0 / (special.Length * general.Length))));
    }

    static ImpliedLabels[] ByTeacher((string Label, string Implied) pair, LabelUnion union)
    {
        var special = Labels(union, pair.Label);
        var knowing = Knowing(union, pair.Implied);
        return [.. knowing.Select(i => new ImpliedLabels(special, i, [.. union.Task(i).Where(c => IsCalled(union, c, pair.Implied))], 1.0 / knowing.Length))];
    }

    static void RequireKnown(ConsistencyTerm term, LabelUnion union)
    {
        var unknown = term.Implies.SelectMany(i => i.Implied.Prepend(i.Label)).Distinct(StringComparer.Ordinal).Where(name => union.ClassIndex(name) < 0)
            .Select(name => $"'{name}'{(NearestName.To(name, union.Classes) is { } nearest ? $" (closest: '{nearest}')" : "")}").ToArray();
        if (unknown.Length > 0)
            throw new InputException($"amalgamation.losses, 'consistency': expected labels of the union ({string.Join(", ", union.Classes.Take(12))}{(union.Classes.Count > 12 ? ", ..." : "")}), got {string.Join(", ", unknown)}");
    }

    static void RefuseExclusive(IEnumerable<(string Label, string Implied)> pairs, LabelUnion union)
    {
        var wrong = pairs.SelectMany(p => Knowing(union, p.Implied).Intersect(Knowing(union, p.Label)).Select(i => $"'{p.Label}' and '{p.Implied}' in teacher '{union.Teachers[i]}'")).Take(5).ToArray();
        if (wrong.Length > 0)
            throw new InputException($"amalgamation.losses, 'consistency': expected labels of different teachers, got {string.Join(", ", wrong)}; in one softmax they exclude each other, so neither implies the other: leave these out, or train a student of sigmoids with 'multi_label'");
    }

    static int[] Labels(LabelUnion union, string name) => [.. Enumerable.Range(0, union.Count).Where(c => IsCalled(union, c, name))];

    static int[] Knowing(LabelUnion union, string name) => [.. Enumerable.Range(0, union.Teachers.Count).Where(i => union.Task(i).Any(c => IsCalled(union, c, name)))];

    static bool IsCalled(LabelUnion union, int label, string name) => union.ClassOf(label) == union.ClassIndex(name);
}
