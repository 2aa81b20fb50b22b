using System.Globalization;
using System.Text;

namespace OnnxAmalgam.Graphs.Metadata;

/// <summary>A value as Python's <c>repr</c> writes it.</summary>
internal abstract record PythonValue;

internal sealed record PythonString(string Value) : PythonValue;

internal sealed record PythonNumber(double Value) : PythonValue;

internal sealed record PythonBoolean(bool Value) : PythonValue;

internal sealed record PythonNone : PythonValue;

/// <summary>A list or tuple.</summary>
internal sealed record PythonList(IReadOnlyList<PythonValue> Items) : PythonValue;

internal sealed record PythonDictionary(IReadOnlyList<KeyValuePair<PythonValue, PythonValue>> Items) : PythonValue;

/// <summary>A strict reader of Python literals (strings, numbers, True, False, None, lists, tuples, dictionaries), for metadata that
/// tools write with <c>str()</c>. Nothing is evaluated; anything else is null.</summary>
internal sealed class PythonLiteral
{
    const int MostCharacters = 4 << 20;
    const int DeepestNesting = 32;

    readonly string text;
    int at;

    PythonLiteral(string text) => this.text = text;

    /// <summary>The value, or null where the text is no literal.</summary>
    public static PythonValue? Parse(string text)
    {
        if (text.Length > MostCharacters)
            return null;
        var reader = new PythonLiteral(text);
        var value = reader.Value(0);
        reader.Blank();
        return reader.at == text.Length ? value : null;
    }

    PythonValue? Value(int depth)
    {
        Blank();
        if (depth > DeepestNesting || at >= text.Length)
            return null;
        return text[at] switch
        {
            '\'' or '"' => String(),
            '[' => Sequence(']', depth),
            '(' => Sequence(')', depth),
            '{' => Dictionary(depth),
            _ => Word(),
        };
    }

    PythonValue? Word()
    {
        var start = at;
        while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] is '+' or '-' or '.' or '_'))
            at++;
        var word = text[start..at];
        return word switch
        {
            "True" => new PythonBoolean(true),
            "False" => new PythonBoolean(false),
            "None" => new PythonNone(),
            _ when word.Length > 0 && !char.IsAsciiLetter(word[0])
                && double.TryParse(word, NumberStyles.Float & ~NumberStyles.AllowLeadingWhite & ~NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var number)
                && double.IsFinite(number) => new PythonNumber(number),
            _ => null,
        };
    }

    PythonString? String()
    {
        var quote = text[at++];
        var content = new StringBuilder();
        while (at < text.Length)
        {
            var next = text[at++];
            if (next == quote)
                return new PythonString(content.ToString());
            if (next == '\n')
                return null;
            if (next != '\\')
                content.Append(next);
            else if (!Escape(content))
                return null;
        }
        return null;
    }

    bool Escape(StringBuilder content)
    {
        if (at >= text.Length)
            return false;
        var kind = text[at++];
        switch (kind)
        {
            case '\\' or '\'' or '"':
                content.Append(kind);
                return true;
            case 'n':
                content.Append('\n');
                return true;
            case 't':
                content.Append('\t');
                return true;
            case 'r':
                content.Append('\r');
                return true;
            case 'x' or 'u' or 'U':
                return Hexadecimal(content, kind switch { 'x' => 2, 'u' => 4, _ => 8 });
            default:
                return false;
        }
    }

    bool Hexadecimal(StringBuilder content, int digits)
    {
        if (at + digits > text.Length || !int.TryParse(text.AsSpan(at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code) || !Rune.IsValid(code))
            return false;
        at += digits;
        content.Append(new Rune(code));
        return true;
    }

    PythonList? Sequence(char end, int depth)
    {
        at++;
        var items = new List<PythonValue>();
        while (true)
        {
            if (Take(end))
                return new PythonList(items);
            if (Value(depth + 1) is not { } item)
                return null;
            items.Add(item);
            if (!Take(','))
                return Take(end) ? new PythonList(items) : null;
        }
    }

    PythonDictionary? Dictionary(int depth)
    {
        at++;
        var items = new List<KeyValuePair<PythonValue, PythonValue>>();
        while (true)
        {
            if (Take('}'))
                return new PythonDictionary(items);
            if (Value(depth + 1) is not { } key || !Take(':') || Value(depth + 1) is not { } value)
                return null;
            items.Add(new(key, value));
            if (!Take(','))
                return Take('}') ? new PythonDictionary(items) : null;
        }
    }

    bool Take(char wanted)
    {
        Blank();
        if (at >= text.Length || text[at] != wanted)
            return false;
        at++;
        return true;
    }

    void Blank()
    {
        while (at < text.Length && char.IsWhiteSpace(text[at]))
            at++;
    }
}
