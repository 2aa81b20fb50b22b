using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Training.Losses;

/// <summary>Whose affair the images of each source are, as weights for <see cref="Targets.Gated"/>.</summary>
internal static class DomainTable
{
    /// <summary>W[sources][teachers]: equal shares among the named teachers that have scores; all zero for <c>none</c>; null where none is stated.</summary>
    /// <param name="domains">For each source the teachers named; empty: <c>none</c>; null: not stated.</param>
    /// <param name="union">The teachers.</param>
    /// <exception cref="InputException">Sources with a name that is no teacher's: all of them.</exception>
    public static float[]?[] Weights(IReadOnlyList<IReadOnlyList<string>?> domains, LabelUnion union)
    {
        var teachers = union.Teachers.Index().ToDictionary(t => t.Item, t => t.Index, StringComparer.Ordinal);
        var problems = domains.Index().SelectMany(d => Problems(d.Index, d.Item ?? [], teachers)).ToArray();
        if (problems.Length > 0) throw new InputException(string.Join("; ", problems));
        return [.. domains.Select(d => d is null ? null : Row(d.Select(name => teachers[name]).Distinct().Where(union.HasScores).ToArray(), union.Teachers.Count))];
    }

    static float[] Row(int[] owners, int teachers)
    {
        var row = new float[teachers];
        foreach (var owner in owners) row[owner] = 1f / owners.Length;
        return row;
    }

    static IEnumerable<string> Problems(int source, IReadOnlyList<string> domain, Dictionary<string, int> teachers) =>
        domain.Where(name => !teachers.ContainsKey(name)).Select(name =>
            $"data.unlabelled.{source}.domain: expected one of {string.Join(", ", teachers.Keys.Select(t => $"'{t}'"))} or none, got '{name}'");
}
