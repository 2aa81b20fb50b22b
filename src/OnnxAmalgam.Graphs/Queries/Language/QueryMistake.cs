using Superpower.Model;

namespace OnnxAmalgam.Graphs.Queries.Language;

/// <summary>A word that the language does not know, where it stands; not a matter of the grammar, so it is said after parsing.</summary>
internal sealed class UnknownWordException(int column, string message) : Exception(message)
{
    /// <summary>From 1, counted through the whole query.</summary>
    public int Column => column;
}

/// <summary>Mistakes in a query, in this program's words.</summary>
internal static class QueryMistake
{
    /// <summary>What was expected at a place of a query, and what stands there.</summary>
    public static InputException At(string text, Position position, string expected)
    {
        var at = position.HasValue ? position.Absolute : text.Length;
        var rest = text[at..].TrimStart();
        var got = rest.Length == 0 ? "the end" : $"'{string.Concat(rest.TakeWhile((c, i) => i == 0 || !char.IsWhiteSpace(c)).Take(20))}'";
        return new($"query '{text}', column {at + 1}: expected {expected}, got {got} (docs/queries.md)");
    }

    /// <summary><c>a, b or c</c>.</summary>
    public static string Expectations(string[]? expected)
    {
        string[] all = [.. (expected ?? []).Distinct(StringComparer.Ordinal).Select(one => one.Replace('`', '\''))];
        return all.Length switch
        {
            0 => "something else",
            1 => all[0],
            _ => $"{string.Join(", ", all[..^1])} or {all[^1]}",
        };
    }

    /// <summary>A word that is none of those that may stand in its place.</summary>
    public static UnknownWordException Word(Token<QueryToken> token, string expected) => new(Column(token), expected);

    /// <summary>From 1, counted through the whole text: a query may have several lines.</summary>
    public static int Column(Token<QueryToken> token) => token.Position.Absolute + 1;
}
