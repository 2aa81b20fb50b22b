using System.Globalization;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Recipes.Yaml;

namespace OnnxAmalgam.Training.Recipes.Reading;

/// <summary>A value of the recipe with the path of keys that leads to it; every way to read it says what was expected and where.</summary>
internal sealed class Field(YamlNode node, string path)
{
    public Place Place => node.Place;

    public string Path => path;

    public bool IsList => node is YamlSequence;

    public bool IsMapping => node is YamlMapping;

    /// <summary>Whether the value is this word (quoted or not).</summary>
    public bool Is(string word) => node is YamlScalar scalar && scalar.Text == word;

    /// <summary>The error that this value is not what it should be.</summary>
    public InputException Expected(string what) => Error($"expected {what}, got {node.Describe()}");

    /// <summary>The error that this value cannot stand here, in other words than "expected, got".</summary>
    public InputException Error(string message) => Place.Error(path.Length == 0 ? message : $"{path}: {message}");

    /// <summary>A text that is not empty; plain <c>null</c> and <c>~</c> must be quoted.</summary>
    /// <param name="what">What messages call it.</param>
    public string Text(string what)
    {
        if (node is not YamlScalar scalar || scalar.Text.Length == 0)
            throw Expected(what);
        if (scalar.IsNull)
            throw Error($"expected {what}, got {scalar.Text}, which YAML reads as nothing; write \"{scalar.Text}\" if that is its name");
        return scalar.Text.Any(char.IsControl) ? throw Error($"expected {what} without control characters") : scalar.Text;
    }

    public int WholeNumber(int min, int max = int.MaxValue) => (int)WholeNumber((long)min, max);

    public long WholeNumber(long min, long max = long.MaxValue)
    {
        var isNumber = long.TryParse(Unquoted(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value);
        if (isNumber && value >= min && value <= max)
            return value;
        var isOpen = max is long.MaxValue or int.MaxValue && value <= max;
        throw Expected(isOpen ? $"a whole number of at least {min}" : $"a whole number from {min} to {max}");
    }

    public double PositiveNumber() => Number(x => x > 0, "a number above 0");

    public double NonNegativeNumber() => Number(x => x >= 0, "a number of at least 0");

    public double FiniteNumber() => Number(_ => true, "a number");

    /// <summary>A number that must satisfy a condition.</summary>
    public double Number(Func<double, bool> allowed, string expected) =>
        Unquoted() is { } text && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value) && allowed(value)
            ? value
            : throw Expected(expected);

    public bool Switch() => Unquoted() switch
    {
        "true" => true,
        "false" => false,
        _ => throw Expected("true or false"),
    };

    public T Word<T>(Words<T> words) where T : struct, Enum =>
        node is YamlScalar scalar && words.Find(scalar.Text) is { } value
            ? value
            : throw Error($"expected {words.Listed}, got {node.Describe()}{(node is YamlScalar s ? Words.DidYouMean(s.Text, words.All) : "")}");

    /// <summary>The elements of a list.</summary>
    /// <param name="what">What the list holds, for messages.</param>
    /// <param name="min">Fewest elements.</param>
    public IReadOnlyList<Field> List(string what, int min = 1)
    {
        if (node is not YamlSequence sequence)
            throw Expected($"a list of {what}");
        return sequence.Items.Count >= min
            ? [.. sequence.Items.Select((item, i) => new Field(item, string.Create(CultureInfo.InvariantCulture, $"{path}.{i}")))]
            : throw Error($"expected at least {(min == 1 ? "one element" : $"{min} elements")} in the list of {what}, got {(sequence.Items.Count == 0 ? "none" : sequence.Items.Count)}");
    }

    /// <summary>One number, or a list of them.</summary>
    public IReadOnlyList<double> Numbers(Func<Field, double> read) => IsList ? [.. List("numbers").Select(read)] : [read(this)];

    /// <summary>Keys with values; any other key is an error.</summary>
    public Section Section(params ReadOnlySpan<string> keys) =>
        node is YamlMapping mapping ? new Section(mapping, this, keys.ToArray()) : throw Expected($"keys and values ({Words.Quoted(keys.ToArray())})");

    /// <summary>Keys that are names of the user's, with their values.</summary>
    /// <param name="what">What they are, for messages.</param>
    public IReadOnlyList<(string Key, Field Value)> Entries(string what) => node is YamlMapping { Entries.Count: > 0 } mapping
        ? [.. mapping.Entries.Select(e => (new Field(e.Key, path).Text("a name"), new Field(e.Value, $"{path}.{e.Key.Text}")))]
        : throw Expected(what);

    /// <summary>One thing of several kinds: <c>NAME</c>, or <c>{NAME: {options}}</c>.</summary>
    public Choice Choice(params string[] names)
    {
        var (key, options) = node switch
        {
            YamlScalar { IsNull: false } scalar => (scalar, null),
            YamlMapping { Entries: [var (name, value)] } => (name, value),
            _ => throw Expected($"one of {Words.Quoted(names)}"),
        };
        if (!names.Contains(key.Text, StringComparer.Ordinal))
            throw key.Place.Error($"{path}: expected one of {Words.Quoted(names)}, got '{key.Text}'{Words.DidYouMean(key.Text, names)}");
        var empty = options is null or YamlScalar { IsNull: true };
        return new Choice(key.Text, new Field(empty ? new YamlMapping(key.Place) : options!, $"{path}.{key.Text}"));
    }

    string? Unquoted() => node is YamlScalar { IsPlain: true } scalar ? scalar.Text : null;
}

/// <summary>What was chosen, and its options.</summary>
internal sealed record Choice(string Name, Field Options);
