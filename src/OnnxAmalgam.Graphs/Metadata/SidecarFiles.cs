using System.Text;
using System.Text.Json;
using OnnxAmalgam.Graphs.Files;

namespace OnnxAmalgam.Graphs.Metadata;

/// <summary>Small text files beside a model, read within limits; what cannot be read or understood is absent.</summary>
internal sealed class SidecarFiles(OnnxModel model)
{
    const long MostBytes = 4 << 20;

    static readonly JsonReaderOptions Lenient = new() { MaxDepth = 32, CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    /// <summary>The model's own name without extension, or null for a model made in memory.</summary>
    public string? ModelName => Path.GetFileNameWithoutExtension(model.Path);

    public string? Text(string name)
    {
        if (model.Path is null || Path.GetDirectoryName(model.Path) is not { } folder)
            return null;
        try
        {
            var path = Path.Combine(folder, name);
            if (!File.Exists(path))
                return null;
            // a pipe of that name would be waited for
            var file = PositionedFile.Open(path, $"'{path}'");
            if (file.Length is 0 or > MostBytes)
                return null;
            var bytes = new byte[file.Length];
            file.Read(0, bytes);
            using var text = new StreamReader(new MemoryStream(bytes), Encoding.UTF8, detectEncodingFromByteOrderMarks: true);
            return text.ReadToEnd();
        }
        catch (InputException)
        {
            return null;
        }
    }

    public JsonElement? Json(string name) => Text(name) is { } text ? ParseJson(text) : null;

    public static JsonElement? ParseJson(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        try
        {
            // half a surrogate pair in an escape is an error only when the text is asked for: asks for all of them here
            var strings = new Utf8JsonReader(bytes, Lenient);
            while (strings.Read())
            {
                if (strings.TokenType is JsonTokenType.String or JsonTokenType.PropertyName)
                    strings.GetString();
            }
            var whole = new Utf8JsonReader(bytes, Lenient);
            return JsonElement.ParseValue(ref whole);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
