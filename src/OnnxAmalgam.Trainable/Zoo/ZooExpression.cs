using System.Globalization;
using System.Text.RegularExpressions;
using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Trainable.Zoo;

/// <summary><c>zoo:NAME(key=value, key=[value, ...])</c>, read strictly.</summary>
sealed partial class ZooExpression
{
    readonly string text;
    readonly Dictionary<string, string> arguments;

    ZooExpression(string text, string name, Dictionary<string, string> arguments) => (this.text, Name, this.arguments) = (text, name, arguments);

    public string Name { get; }

    /// <summary>Reads an expression.</summary>
    /// <exception cref="InputException">It has another form, or names an argument twice.</exception>
    public static ZooExpression Parse(string text)
    {
        Match whole = Whole().Match(text);
        if (!whole.Success)
        {
            throw new InputException($"student.model: expected zoo:NAME(key=value, ...), got '{text}'");
        }

        var arguments = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (Match argument in Argument().Matches(whole.Groups["arguments"].Value))
        {
            if (!arguments.TryAdd(argument.Groups["key"].Value, argument.Groups["value"].Value))
            {
                throw new InputException($"student.model '{text}': expected each argument once, got '{argument.Groups["key"].Value}' again");
            }
        }

        return new ZooExpression(text, whole.Groups["name"].Value, arguments);
    }

    /// <summary>Refuses arguments that the architecture does not have.</summary>
    public void Allow(params string[] names)
    {
        var unknown = arguments.Keys.Except(names, StringComparer.Ordinal).ToArray();
        if (unknown.Length > 0)
        {
            throw new InputException($"student.model '{text}': expected arguments {string.Join(", ", names)}, got {string.Join(", ", unknown.Select(u => $"'{u}'"))}");
        }
    }

    /// <summary>A whole number of at least 1.</summary>
    public int Number(string key, int otherwise) => arguments.TryGetValue(key, out string? value) ? Whole(key, value) : otherwise;

    /// <summary>A list of whole numbers of at least 1.</summary>
    public int[] Numbers(string key, int[] otherwise) => arguments.TryGetValue(key, out string? value)
        ? [.. value.Trim('[', ']').Split(',').Select(v => Whole(key, v.Trim()))]
        : otherwise;

    /// <summary>One of a few words; the first is the default.</summary>
    public string Word(string key, params string[] words)
    {
        string value = arguments.GetValueOrDefault(key, words[0]);
        return words.Contains(value, StringComparer.Ordinal) ? value : throw new InputException($"student.model '{text}', {key}: expected {string.Join(" or ", words)}, got '{value}'");
    }

    int Whole(string key, string value) => int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number is >= 1 and <= 65536
        ? number
        : throw new InputException($"student.model '{text}', {key}: expected whole numbers from 1 to 65536, got '{value}'");

    [GeneratedRegex(@"^\s*(zoo:)?(?<name>[a-z0-9_-]+)\s*(\(\s*(?<arguments>([a-z_]+\s*=\s*(\[[^\[\]=()]*\]|[^\[\],=()]+)\s*(,\s*(?=[a-z_]))?)*)\))?\s*$", RegexOptions.ExplicitCapture)]
    private static partial Regex Whole();

    [GeneratedRegex(@"(?<key>[a-z_]+)\s*=\s*(?<value>\[[^\]]*\]|[^,\[\]\s]+)", RegexOptions.ExplicitCapture)]
    private static partial Regex Argument();
}
