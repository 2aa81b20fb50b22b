using System.Globalization;
using System.Text.RegularExpressions;
using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Trainable.Zoo;

/// <summary>A parsed <c>zoo:name(key=value, ...)</c>: values are integers, lists of integers in brackets, or words.</summary>
internal sealed partial class ZooExpression
{
    /// <summary>Far above any student; products of a few such numbers stay countable.</summary>
    const int Most = 8192;

    readonly string _text;
    readonly Dictionary<string, string> _arguments = new(StringComparer.Ordinal);

    ZooExpression(string text, string name) => (_text, Name) = (text, name);

    /// <summary>The architecture.</summary>
    public string Name { get; }

    /// <summary>Parses an expression, with or without <c>zoo:</c>.</summary>
    /// <exception cref="InputException">Not of that form, or an argument twice.</exception>
    public static ZooExpression Parse(string text)
    {
        var match = Form().Match(text);
        if (!match.Success)
            throw new InputException($"student '{text}': expected zoo:NAME(argument=value, ...), got something else; for example zoo:resnet(widths=[16,32,64], blocks=[1,1,1])");
        var expression = new ZooExpression(text, match.Groups["name"].Value);
        foreach (var (key, value) in match.Groups["key"].Captures.Zip(match.Groups["value"].Captures, (key, value) => (key.Value, value.Value)))
        {
            if (!expression._arguments.TryAdd(key, value.Trim()))
                throw new InputException($"student '{text}': expected each argument once, got '{key}' twice");
        }

        return expression;
    }

    /// <summary>Refuses arguments that the architecture does not have.</summary>
    public ZooExpression Accept(params string[] keys)
    {
        var unknown = _arguments.Keys.Except(keys, StringComparer.Ordinal).ToArray();
        return unknown.Length == 0
            ? this
            : throw new InputException($"student '{_text}': expected arguments {string.Join(", ", keys)}, got {string.Join(", ", unknown.Select(key => $"'{key}'"))}");
    }

    /// <summary>A positive integer.</summary>
    public int Int(string key, int otherwise) =>
        _arguments.TryGetValue(key, out var value) ? Positive(key, value) : otherwise;

    /// <summary>A list of positive integers.</summary>
    public int[] Ints(string key, int[] otherwise)
    {
        if (!_arguments.TryGetValue(key, out var value)) return otherwise;
        if (!value.StartsWith('[')) throw Wrong(key, "a list of positive integers such as [16,32,64]", value);
        return [.. value[1..^1].Split(',').Select(item => Positive(key, item.Trim()))];
    }

    /// <summary>One word out of a list; the first is the default.</summary>
    public string Word(string key, params string[] words)
    {
        if (!_arguments.TryGetValue(key, out var value)) return words[0];
        return words.Contains(value, StringComparer.Ordinal) ? value : throw Wrong(key, string.Join(" or ", words), value);
    }

    /// <summary>An error about the expression as a whole.</summary>
    public InputException Wrong(string message) => new($"student '{_text}': {message}");

    int Positive(string key, string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= Most ? number : throw Wrong(key, $"a positive integer, at most {Most}", value);

    InputException Wrong(string key, string expected, string got) => new($"student '{_text}', argument '{key}': expected {expected}, got '{got}'");

    [GeneratedRegex(@"^(?:zoo:)?(?<name>[a-z0-9_]+)\s*(?:\(\s*(?:(?<key>[a-z_]+)\s*=\s*(?<value>\[[^\[\]]*\]|[A-Za-z0-9_.+-]+)\s*(?:,\s*(?=[a-z])|(?=\))))*\))?$", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
