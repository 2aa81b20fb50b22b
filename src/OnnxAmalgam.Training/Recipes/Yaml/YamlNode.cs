using System.Globalization;
using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Training.Recipes.Yaml;

/// <summary>Where a value was written: a line of a file, or a <c>--set</c> argument.</summary>
/// <param name="Source">The file's name as given, or the argument.</param>
/// <param name="LineNumber">From 1; null where there are no lines.</param>
internal readonly record struct Place(string Source, long? LineNumber)
{
    public override string ToString() =>
        LineNumber is { } line ? string.Create(CultureInfo.InvariantCulture, $"{Source}:{line}") : Source;

    /// <summary>An error at this place.</summary>
    public InputException Error(string message) => new($"{this}: {message}");
}

/// <summary>A piece of YAML text as read: nothing is interpreted yet but structure and quoting.</summary>
internal abstract class YamlNode(Place place)
{
    public Place Place { get; } = place;

    /// <summary>What a message calls it.</summary>
    public abstract string Describe();
}

/// <summary>One text. <paramref name="plain"/>: written without quotes.</summary>
internal sealed class YamlScalar(string text, bool plain, Place place) : YamlNode(place)
{
    public string Text { get; } = text;

    public bool IsPlain { get; } = plain;

    /// <summary>Whether YAML reads it as null.</summary>
    public bool IsNull => IsPlain && IsNullWord(Text);

    public static bool IsNullWord(string text) => text is "" or "~" or "null" or "Null" or "NULL";

    public override string Describe() => IsNull && Text.Length == 0 ? "nothing" : IsPlain ? $"'{Text}'" : $"the quoted text '{Text}'";
}

/// <summary>A list.</summary>
internal sealed class YamlSequence(Place place) : YamlNode(place)
{
    public List<YamlNode> Items { get; } = [];

    public override string Describe() => "a list";
}

/// <summary>Keys with values, in the order written; no key occurs twice.</summary>
internal sealed class YamlMapping(Place place) : YamlNode(place)
{
    readonly Dictionary<string, int> positions = new(StringComparer.Ordinal);

    public List<(YamlScalar Key, YamlNode Value)> Entries { get; } = [];

    public YamlNode? this[string key] => positions.TryGetValue(key, out var at) ? Entries[at].Value : null;

    /// <summary>Puts a value under a key; the key's first position stays.</summary>
    public void Set(YamlScalar key, YamlNode value)
    {
        if (positions.TryGetValue(key.Text, out var at))
            Entries[at] = (key, value);
        else
        {
            positions.Add(key.Text, Entries.Count);
            Entries.Add((key, value));
        }
    }

    public override string Describe() => Entries.Count == 1 ? $"the key '{Entries[0].Key.Text}'" : "keys and values";
}
