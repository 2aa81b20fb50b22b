using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using OnnxAmalgam.Training.Recipes.Yaml;

namespace OnnxAmalgam.Training.Drafting;

/// <summary>Lines of YAML with comments: a short comment stands behind its line, a long one above it.</summary>
sealed class DraftText
{
    const int Column = 44;
    const int Width = 160;

    static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    readonly StringBuilder text = new();

    /// <summary>A line of the recipe; <paramref name="why"/> says what it does or where it comes from.</summary>
    public void Line(string line, string? why = null)
    {
        if (why is null)
        {
            text.Append(line).Append('\n');
            return;
        }

        why = OneLine(why);
        string beside = $"{line.PadRight(Column)}{(line.Length < Column ? "" : "  ")}# {why}";
        if (beside.Length <= Width)
        {
            text.Append(beside).Append('\n');
            return;
        }

        Comment(why, line.Length - line.TrimStart().Length);
        text.Append(line).Append('\n');
    }

    /// <summary>A comment of its own, broken between words.</summary>
    public void Comment(string comment, int indent = 0)
    {
        string start = new string(' ', indent) + "# ";
        var line = new StringBuilder(start);
        foreach (string word in OneLine(comment).Split(' '))
        {
            if (line.Length > start.Length && line.Length + 1 + word.Length > Width)
            {
                text.Append(line).Append('\n');
                line.Clear().Append(start);
            }

            line.Append(line.Length > start.Length ? " " : "").Append(word);
        }

        text.Append(line).Append('\n');
    }

    /// <inheritdoc/>
    public override string ToString() => text.ToString();

    /// <summary>A key with a list of texts, on as many lines as it takes.</summary>
    public void List(string start, IReadOnlyList<string> texts)
    {
        string indent = new(' ', start.Length - start.TrimStart().Length + 2);
        var line = new StringBuilder(start).Append('[');
        foreach (var (place, word) in texts.Select(Word).Index())
        {
            string next = place < texts.Count - 1 ? word + "," : word + "]";
            if (line.Length + next.Length + 1 > Width)
            {
                text.Append(line).Append('\n');
                line.Clear().Append(indent).Append(next);
            }
            else
            {
                line.Append(place > 0 ? " " : "").Append(next);
            }
        }

        text.Append(line).Append('\n');
    }

    /// <summary>A text as a recipe needs it: quoted unless it is a plain word. What JSON quotes, YAML reads.</summary>
    public static string Word(string text) => YamlWriter.IsWord(text) ? text : JsonSerializer.Serialize(text, Relaxed);

    /// <summary><c>[a, b]</c></summary>
    public static string List(IEnumerable<string> texts) => $"[{string.Join(", ", texts.Select(Word))}]";

    /// <summary><c>[0.5, 0.25]</c>, every digit kept.</summary>
    public static string List(IEnumerable<double> numbers) => $"[{string.Join(", ", numbers.Select(Number))}]";

    /// <summary>A number that reads as the same double.</summary>
    public static string Number(double number) => number.ToString("R", CultureInfo.InvariantCulture);

    /// <summary>The first few of many, for a comment.</summary>
    public static string Some(IReadOnlyCollection<string> names, int shown = 8) =>
        string.Join(", ", names.Take(shown)) + (names.Count > shown ? $", ... ({names.Count})" : "");

    /// <summary>A comment with what models and folders call things ends where its line ends.</summary>
    static string OneLine(string comment) => string.Concat(comment.Select(c =>
        char.IsControl(c) || c is '\u2028' or '\u2029' ? string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:X4}") : c.ToString()));

    /// <summary><c>12,345</c></summary>
    public static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
