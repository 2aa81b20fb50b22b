using System.Globalization;
using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Training.Recipes.Yaml;

/// <summary><c>--set path.to.key=value</c>: changes the tree before it is interpreted, so that a value is checked as if the file said it.</summary>
internal static class YamlOverride
{
    const string Option = "--set";

    /// <summary>Applies one argument.</summary>
    /// <param name="root">The recipe's tree; changed.</param>
    /// <param name="argument"><c>train.epochs=5</c>, <c>teachers.0.model=x.onnx</c>; the value is YAML.</param>
    /// <exception cref="InputException">No such form, or the path leads through something that has no keys or elements.</exception>
    public static void Apply(YamlNode root, string argument)
    {
        var place = new Place(Option, null);
        var equals = argument.IndexOf('=', StringComparison.Ordinal);
        var path = equals < 0 ? argument : argument[..equals];
        var segments = path.Split('.');
        if (equals < 1 || segments.Any(s => s.Length == 0))
            throw place.Error($"expected path.to.key=value, got '{argument}'; for example --set train.epochs=5");
        var value = YamlText.Parse(argument[(equals + 1)..], Option, lines: false);
        var node = root;
        for (var i = 0; i < segments.Length - 1; i++)
            node = Child(node, segments[i], string.Join('.', segments[..i]), place) ?? Grow(node, segments, i, place);
        Replace(node, segments[^1], string.Join('.', segments[..^1]), value, place);
    }

    /// <summary>A key that the recipe does not state yet: it is made, and checked later like any other. Elements cannot be made so.</summary>
    static YamlMapping Grow(YamlNode node, string[] segments, int index, Place place)
    {
        if (int.TryParse(segments[index + 1], NumberStyles.None, CultureInfo.InvariantCulture, out _))
            throw place.Error($"expected a list at '{string.Join('.', segments[..(index + 1)])}', but the recipe does not state it; set the whole list");
        var grown = new YamlMapping(place);
        ((YamlMapping)node).Set(new YamlScalar(segments[index], plain: true, place), grown);
        return grown;
    }

    static YamlNode? Child(YamlNode node, string segment, string path, Place place) => node switch
    {
        YamlMapping mapping => mapping[segment],
        YamlSequence sequence => sequence.Items[ElementIndex(sequence, segment, path, place)],
        _ => throw NoInside(node, segment, path, place),
    };

    static void Replace(YamlNode node, string segment, string path, YamlNode value, Place place)
    {
        switch (node)
        {
            case YamlMapping mapping:
                mapping.Set(new YamlScalar(segment, plain: true, place), value);
                break;
            case YamlSequence sequence:
                sequence.Items[ElementIndex(sequence, segment, path, place)] = value;
                break;
            default:
                throw NoInside(node, segment, path, place);
        }
    }

    static int ElementIndex(YamlSequence sequence, string segment, string path, Place place) =>
        int.TryParse(segment, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < sequence.Items.Count
            ? index
            : throw place.Error($"expected an element of '{path}' by its index, 0 to {sequence.Items.Count - 1}, got '{segment}'");

    static InputException NoInside(YamlNode node, string segment, string path, Place place) =>
        place.Error($"expected keys or a list at '{path}', got {node.Describe()}; '{path}.{segment}' does not exist");
}
