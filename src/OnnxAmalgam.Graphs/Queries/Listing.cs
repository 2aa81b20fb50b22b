namespace OnnxAmalgam.Graphs.Queries;

/// <summary>Elements in messages.</summary>
internal static class Listing
{
    const int Most = 4;

    /// <summary><c>none</c>, or the number and the first few: <c>12: tensor 'a', tensor 'b', ...</c>.</summary>
    public static string Of(IReadOnlyList<GraphElement> elements) => elements.Count == 0
        ? "none"
        : $"{elements.Count}: {string.Join(", ", elements.Take(Most))}{(elements.Count > Most ? ", ..." : "")}";
}
