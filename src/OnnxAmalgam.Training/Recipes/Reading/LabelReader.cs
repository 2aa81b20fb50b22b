using System.Text.Json;
using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Training.Recipes.Reading;

/// <summary>Class names: a list in the recipe, or a file (one a line, or a JSON list).</summary>
internal static class LabelReader
{
    const long MaxFileBytes = 64 << 20;

    public static IReadOnlyList<string> Read(Field field, RecipeFolder folder)
    {
        if (field.IsList)
            return Distinct([.. field.List("labels").Select(f => f.Text("a label"))], field.Error);
        var path = folder.Resolve(field, "a list of labels, or a file of them");
        return Distinct(FromFile(path, field), message => field.Error($"{message} in '{path}'"));
    }

    /// <summary>Editors on Windows put a byte order mark before JSON, too.</summary>
    static ReadOnlySpan<byte> WithoutMark(ReadOnlySpan<byte> json) => json.StartsWith("\uFEFF"u8) ? json[3..] : json;

    static string[] FromFile(string path, Field field)
    {
        try
        {
            var file = new FileInfo(path);
            if (file.Length > MaxFileBytes)
                throw field.Error($"expected a file of labels of at most {MaxFileBytes} bytes, got {file.Length} in '{path}'");
            var names = path.EndsWith(".json", StringComparison.OrdinalIgnoreCase)
                ? JsonSerializer.Deserialize<string[]>(WithoutMark(File.ReadAllBytes(path))) ?? []
                : Lines(File.ReadAllText(path));
            if (names.Length == 0)
                throw field.Error($"expected labels, got none in '{path}'");
            var bad = Array.FindIndex(names, name => string.IsNullOrEmpty(name) || name.Any(char.IsControl));
            return bad < 0 ? names : throw field.Error($"expected a name for every class, got nothing or control characters for class {bad} in '{path}'");
        }
        catch (JsonException e)
        {
            throw new InputException(field.Error($"expected a JSON list of texts in '{path}': {e.Message.ReplaceLineEndings(" ")}").Message, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(field.Error($"expected a list of labels, or a file that can be read, got: {e.Message}").Message, e);
        }
    }

    /// <summary>Blank lines at the end are no labels; one between others is a mistake that would shift all that follow.</summary>
    static string[] Lines(string text)
    {
        var lines = text.Split('\n').Select(line => line.Trim()).ToList();
        while (lines.Count > 0 && lines[^1].Length == 0)
            lines.RemoveAt(lines.Count - 1);
        return [.. lines];
    }

    static string[] Distinct(string[] labels, Func<string, Exception> error)
    {
        var first = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < labels.Length; i++)
            if (!first.TryAdd(labels[i], i))
                throw error($"expected different labels, got '{labels[i]}' for class {first[labels[i]]} and class {i}");
        return labels;
    }
}
