namespace OnnxAmalgam.Training.Recipes;

/// <summary>"Did you mean": the candidate with the fewest edits, where those are few.</summary>
internal static class NearestName
{
    /// <summary><c>; did you mean 'x'?</c>, or nothing when no candidate is near.</summary>
    public static string Hint(string name, IEnumerable<string> candidates) =>
        Find(name, candidates) is { } nearest ? $"; did you mean '{nearest}'?" : "";

    /// <summary>The nearest candidate, or null when even that differs in more than a third of its letters.</summary>
    public static string? Find(string name, IEnumerable<string> candidates) => candidates
        .Select(c => (Name: c, Distance: Distance(name.ToUpperInvariant(), c.ToUpperInvariant())))
        .Where(c => c.Distance <= Math.Max(1, Math.Max(name.Length, c.Name.Length) / 3))
        .OrderBy(c => c.Distance)
        .Select(c => c.Name)
        .FirstOrDefault();

    /// <summary>Insertions, deletions, substitutions and swaps of neighbours.</summary>
    static int Distance(string a, string b)
    {
        if (Math.Abs(a.Length - b.Length) > 16 || a.Length > 256)
            return int.MaxValue;
        var d = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
            d[i, 0] = i;
        for (var j = 0; j <= b.Length; j++)
            d[0, j] = j;
        for (var i = 1; i <= a.Length; i++)
            for (var j = 1; j <= b.Length; j++)
            {
                var same = a[i - 1] == b[j - 1] ? 0 : 1;
                d[i, j] = Math.Min(Math.Min(d[i - 1, j] + 1, d[i, j - 1] + 1), d[i - 1, j - 1] + same);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
            }
        return d[a.Length, b.Length];
    }
}
