namespace OnnxAmalgam.Graphs.Queries.Language;

/// <summary>The words of the language.</summary>
internal static class Words
{
    public static readonly string[] Kinds = [.. Enum.GetNames<ElementKind>().Select(name => name.ToLowerInvariant())];

    public static readonly IReadOnlyDictionary<string, Edge> Edges = new Dictionary<string, Edge>(StringComparer.Ordinal)
    {
        ["produces"] = Edge.Produces, ["feeds"] = Edge.Feeds, ["uses"] = Edge.Uses, ["owns"] = Edge.Owns, ["predicts"] = Edge.Predicts,
        ["same-as"] = Edge.SameAs, ["flow"] = Edge.Flow,
    };

    public static readonly string[] Stages = ["by", "sort", "first", "last", "nth", "single", "to"];

    /// <summary><c>'a', 'b', 'c'; did you mean 'b'?</c> for a word that is none of them.</summary>
    public static string Expected(IEnumerable<string> words, string got) =>
        $"{string.Join(", ", words.Select(word => $"'{word}'"))}, got '{got}'{((words.FirstOrDefault(word => word.StartsWith(got, StringComparison.Ordinal)) ?? NearestName.To(got, words, 0.5)) is { } nearest ? $"; did you mean '{nearest}'?" : "")}";
}
