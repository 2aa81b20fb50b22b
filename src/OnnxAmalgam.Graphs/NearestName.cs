namespace OnnxAmalgam.Graphs;

/// <summary>What somebody meant by a name that does not exist.</summary>
public static class NearestName
{
    /// <summary>The candidate that is the fewest edits away (case counts little), or null where none resembles the name.</summary>
    /// <param name="name">What was written.</param>
    /// <param name="candidates">What would be right.</param>
    /// <param name="share">Edits that are taken for a slip, as a share of the longer name.</param>
    public static string? To(string name, IEnumerable<string> candidates, double share = 0.6)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(candidates);
        return candidates.Where(candidate => candidate.Length > 0).Distinct(StringComparer.Ordinal)
            .Select(candidate => (Name: candidate, Distance: Distance(name, candidate)))
            .Where(pair => pair.Distance <= Math.Max(name.Length, pair.Name.Length) * share)
            .OrderBy(pair => pair.Distance).ThenBy(pair => pair.Name, StringComparer.Ordinal)
            .Select(pair => pair.Name)
            .FirstOrDefault();
    }

    /// <summary>The remedy part of a message: <c>; closest: 'x'</c>, or nothing.</summary>
    public static string Hint(string name, IEnumerable<string> candidates) =>
        To(name, candidates) is { } nearest ? $"; closest: '{nearest}'" : "";

    /// <summary>Edits (insert, delete, replace, swap of neighbours) between two names; a change of case is a tenth of one.</summary>
    static double Distance(string a, string b)
    {
        var before = new double[b.Length + 1];
        var previous = Enumerable.Range(0, b.Length + 1).Select(i => (double)i).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var current = new double[b.Length + 1];
            current[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var replace = a[i - 1] == b[j - 1] ? 0 : char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]) ? 0.1 : 1;
                current[j] = Math.Min(Math.Min(previous[j] + 1, current[j - 1] + 1), previous[j - 1] + replace);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    current[j] = Math.Min(current[j], before[j - 2] + 1);
            }
            (before, previous) = (previous, current);
        }
        return previous[b.Length];
    }
}
