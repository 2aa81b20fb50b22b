using System.Globalization;
using System.Text.Json;
using Onnx;

namespace OnnxAmalgam.Graphs.Metadata;

/// <summary>Everywhere that class names are kept: metadata, attributes of classical models, files beside the model.</summary>
internal sealed class LabelSources(OnnxModel model)
{
    const int Most = 100_000;

    static readonly string[] ClassicalModels = ["ZipMap", "LinearClassifier", "SVMClassifier", "TreeEnsembleClassifier"];

    readonly SidecarFiles files = new(model);

    /// <summary>The first source that has names, and what it is. A file beside the model counts only when it has as many names as the model
    /// has classes, where that is known: several models may lie in one folder.</summary>
    public (IReadOnlyList<string> Labels, string Source)? Find()
    {
        if (FromNames(new MetadataProperties(model.Proto).Find("names")) is { } names)
            return (names, "metadata 'names'");
        if (FromAttributes(model.Proto.Graph) is { } attributes)
            return (attributes, "the classifier's attributes");
        if (model.Path is null)
            return null;
        var classes = Classes();
        foreach (var (labels, file) in Beside())
        {
            if (labels is not null && (classes is null || labels.Count == classes))
                return (labels, file);
        }
        return null;
    }

    int? Classes()
    {
        try
        {
            return Anatomy.Logits(model).Classes;
        }
        catch (InputException)
        {
            return null;
        }
    }

    IEnumerable<(IReadOnlyList<string>? Labels, string File)> Beside()
    {
        var name = files.ModelName;
        yield return (FromLines(files.Text($"{name}.labels.txt")), $"{name}.labels.txt");
        yield return (FromJson(files.Json($"{name}.json")), $"{name}.json");
        yield return (FromJson(files.Json("config.json")), "config.json");
        yield return (FromLines(files.Text("labels.txt")), "labels.txt");
        yield return (FromLines(files.Text("classes.txt")), "classes.txt");
        yield return (FromSynset(files.Text("synset.txt")), "synset.txt");
        yield return (FromJson(files.Json("labels.json")), "labels.json");
    }

    /// <summary>Ultralytics' <c>{0: 'cat', 1: "dog's"}</c>, or a list.</summary>
    public static IReadOnlyList<string>? FromNames(string? text) => text is null ? null : PythonLiteral.Parse(text) switch
    {
        PythonDictionary map => InOrder(map.Items.Select(item => (item.Key is PythonNumber number ? number.Value : double.NaN, (item.Value as PythonString)?.Value))),
        PythonList list => Checked(list.Items.Select(item => (item as PythonString)?.Value)),
        _ => null,
    };

    static IReadOnlyList<string>? FromAttributes(GraphProto graph)
    {
        foreach (var node in graph.Node)
        {
            if (ClassicalModels.Contains(node.OpType))
            {
                if (node.Strings("classlabels_strings") is { Length: > 0 } names)
                    return Checked(names);
                if ((node.Ints("classlabels_int64s") ?? node.Ints("classlabels_ints")) is { Length: > 0 } numbers)
                    return Checked(numbers.Select(number => number.ToString(CultureInfo.InvariantCulture)));
            }
            if (node.OpType == "LabelEncoder" && node.Ints("keys_int64s") is { Length: > 0 } keys && node.Strings("values_strings") is { } values && values.Length == keys.Length)
                return InOrder(keys.Zip(values, (key, value) => ((double)key, (string?)value)));
        }
        return null;
    }

    static IReadOnlyList<string>? FromLines(string? text)
    {
        if (text is null)
            return null;
        var lines = text.Split('\n').Select(line => line.Trim('\r', ' ', '\t', '\uFEFF')).ToList();
        while (lines.Count > 0 && lines[^1].Length == 0)
            lines.RemoveAt(lines.Count - 1);
        return lines.Count == 0 || lines.Contains("") ? null : Checked(lines);
    }

    /// <summary>Lines such as <c>n01440764 tench, Tinca tinca</c>: the words after the identifier.</summary>
    static string[]? FromSynset(string? text) =>
        FromLines(text)?.Select(line => line.Split(' ', 2) is [['n', >= '0' and <= '9', ..], var words] ? words : line).ToArray();

    /// <summary>A list, a map from index to name, or an object that holds either under a name that tools use.</summary>
    static IReadOnlyList<string>? FromJson(JsonElement? json)
    {
        if (json is not { } root)
            return null;
        if (root.ValueKind == JsonValueKind.Array)
            return Checked(root.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.String ? item.GetString() : null));
        if (root.ValueKind != JsonValueKind.Object)
            return null;
        foreach (var key in new[] { "id2label", "label_names", "names", "classes", "labels" })
        {
            if (root.TryGetProperty(key, out var inner) && inner.ValueKind is JsonValueKind.Object or JsonValueKind.Array && FromJson(inner) is { } labels)
                return labels;
        }
        return InOrder(root.EnumerateObject().Select(item => (
            double.TryParse(item.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? index : double.NaN,
            item.Value.ValueKind == JsonValueKind.String ? item.Value.GetString() : null)));
    }

    /// <summary>Names by index; the indices must be 0, 1, 2, ...</summary>
    static IReadOnlyList<string>? InOrder(IEnumerable<(double Index, string? Name)> pairs)
    {
        var sorted = pairs.OrderBy(pair => pair.Index).ToArray();
        return sorted.Select((pair, i) => pair.Index == i).All(right => right) ? Checked(sorted.Select(pair => pair.Name)) : null;
    }

    static IReadOnlyList<string>? Checked(IEnumerable<string?> names)
    {
        var all = names.Take(Most + 1).ToArray();
        return all.Length is > 0 and <= Most && Array.TrueForAll(all, name => name is { Length: > 0 and <= 1000 }) ? [.. all.Select(name => name!)] : null;
    }
}
