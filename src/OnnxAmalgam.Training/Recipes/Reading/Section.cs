using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Recipes.Yaml;

namespace OnnxAmalgam.Training.Recipes.Reading;

/// <summary>A mapping whose keys are known beforehand.</summary>
internal sealed class Section
{
    readonly YamlMapping mapping;
    readonly Field whole;
    readonly string[] keys;

    public Section(YamlMapping mapping, Field whole, string[] keys)
    {
        (this.mapping, this.whole, this.keys) = (mapping, whole, keys);
        foreach (var (key, _) in mapping.Entries)
            if (!keys.Contains(key.Text, StringComparer.Ordinal))
                throw key.Place.Error($"expected {(keys.Length == 0 ? "no keys" : $"one of {Words.Quoted(keys)}")}, got '{key.Text}'{Words.DidYouMean(key.Text, keys)}");
    }

    /// <summary>The value of a key that may be absent.</summary>
    public Field? Optional(string key)
    {
        if (!keys.Contains(key, StringComparer.Ordinal))
            throw new ArgumentException($"'{key}' is not among the section's keys", nameof(key));
        return mapping[key] is { } node ? new Field(node, whole.Path.Length == 0 ? key : $"{whole.Path}.{key}") : null;
    }

    /// <summary>The value of a key that must be there.</summary>
    public Field Required(string key) => Optional(key) ?? throw Missing($"the key '{key}'");

    /// <summary>The error that something is not stated.</summary>
    public InputException Missing(string what) => whole.Error($"expected {what}, which is missing");
}
