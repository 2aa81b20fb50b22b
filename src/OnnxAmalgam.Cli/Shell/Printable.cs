using System.Globalization;
using System.Text;

namespace OnnxAmalgam.Cli.Shell;

/// <summary>Texts from models, recipes and file names, made safe for a terminal: nothing in them moves the cursor, colours, or reverses the reading order.</summary>
internal static class Printable
{
    const int MaxNameLength = 256;

    /// <summary>A name: at most 256 characters.</summary>
    public static string Name(string text)
    {
        var safe = Text(text);
        return safe.Length <= MaxNameLength ? safe : $"{safe[..(MaxNameLength - 1)]}…";
    }

    /// <summary>A text of any length, on one line: control and direction characters and lone surrogates become <c>\uXXXX</c>.</summary>
    public static string Text(string text)
    {
        if (text.AsSpan().IndexOfAnyExceptInRange(' ', '~') < 0)
            return text;
        var safe = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogatePair(text, i))
                safe.Append(text[i]).Append(text[++i]);
            else if (IsHarmless(text[i]))
                safe.Append(text[i]);
            else
                safe.Append(CultureInfo.InvariantCulture, $"\\u{(int)text[i]:X4}");
        }
        return safe.ToString();
    }

    /// <summary>Controls (C0, DEL, C1), separators of lines, format characters (bidirectional ones among them) and halves of pairs are not, nor are the two that are no characters;
    /// the zero-width joiner is, because names of people and emoji need it.</summary>
    static bool IsHarmless(char c) => c == '\u200D' || char.GetUnicodeCategory(c) is not (UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate) && c is not ('\uFFFE' or '\uFFFF');
}
