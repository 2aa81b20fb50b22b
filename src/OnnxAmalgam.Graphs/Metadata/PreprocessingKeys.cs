using System.Text.Json;

namespace OnnxAmalgam.Graphs.Metadata;

/// <summary>The keys of <c>onnx_amalgam.preprocessing</c> by type; one that is absent or has no sense is refused by name.</summary>
internal sealed class PreprocessingKeys
{
    const int LongestShown = 60;

    readonly JsonElement json;
    readonly string model;

    public PreprocessingKeys(JsonElement? text, string model)
    {
        this.model = model;
        json = text is { ValueKind: JsonValueKind.Object } keys ? keys : throw Refused("", "a JSON object", text);
    }

    public T Word<T>(string key, T[] values, Func<T, string> word) where T : struct, Enum
    {
        foreach (var value in values)
        {
            if (word(value) == json.Text(key))
                return value;
        }
        throw Refused(key, string.Join(" or ", values.Select(word)), json.Member(key));
    }

    public double Number(string key) => json.Real(key) ?? throw Refused(key, "a number", json.Member(key));

    public bool Flag(string key) => json.Member(key) is { ValueKind: JsonValueKind.True or JsonValueKind.False } flag
        ? flag.GetBoolean()
        : throw Refused(key, "true or false", json.Member(key));

    public int Channels() => json.Real("channels") switch
    {
        1 => 1,
        3 => 3,
        _ => throw Refused("channels", "1 or 3", json.Member("channels")),
    };

    public double[] PerChannel(string key, int channels, bool mayBeZero = true)
    {
        var numbers = json.Real(key) is { } one ? [one] : json.Reals(key);
        return numbers is not null && (numbers.Length == 1 || numbers.Length == channels) && (mayBeZero || !numbers.Contains(0))
            ? numbers
            : throw Refused(key, $"{(channels == 1 ? "1 number" : $"1 or {channels} numbers")}{(mayBeZero ? "" : " other than 0")}", json.Member(key));
    }

    /// <summary><c>size</c>, or <c>height</c> and <c>width</c>; where all are there, they say the same.</summary>
    public (int Height, int Width) Size()
    {
        (int, int)? sides = json.Member("height") is not null || json.Member("width") is not null ? (Side("height"), Side("width")) : null;
        if (json.Member("size") is not { } stated)
            return sides ?? throw Refused("size", "[height, width]", null);
        double[]? numbers = stated.ValueKind == JsonValueKind.Number ? [stated.GetDouble(), stated.GetDouble()] : json.Reals("size");
        if (numbers is not [var h, var w] || Pixels(h) is not { } height || Pixels(w) is not { } width)
            throw Refused("size", "[height, width] or one number, in pixels", stated);
        return sides is null || sides == (height, width)
            ? (height, width)
            : throw Refused("size", $"what height and width say, [{sides.Value.Item1}, {sides.Value.Item2}]", stated);
    }

    /// <summary>Refuses a description that the graph's image input cannot be fed with.</summary>
    public static void CheckAgainstGraph(InputDescription stated, OnnxModel model)
    {
        if (GraphInput.Of(model) is not { } graph)
            return;
        if (graph.Dtype != stated.Dtype)
            throw Contradicted("dtype", graph.Dtype.ToString().ToLowerInvariant(), stated.Dtype.ToString().ToLowerInvariant());
        if (!graph.Takes(stated.ShapeOf(1)))
            throw Contradicted("layout, channels and size", graph.Shape, $"[{string.Join(", ", stated.ShapeOf(1).Skip(1).Prepend(-1).Select(size => size < 0 ? "n" : $"{size}"))}]");

        InputException Contradicted(string keys, string expected, string got) => new(Message(model.Name, $", {keys}", $"what the graph's input has, {expected}", got));
    }

    int Side(string key) => Pixels(json.Real(key)) ?? throw Refused(key, "a number of pixels", json.Member(key));

    static int? Pixels(double? number) => number is >= 1 and <= 65536 && number == Math.Floor(number.Value) ? (int)number : null;

    InputException Refused(string key, string expected, JsonElement? got) =>
        new(Message(model, key.Length == 0 ? "" : $", {key}", expected, got is { } value ? Shown(value.GetRawText()) : key.Length == 0 ? "text that is none" : "none"));

    static string Message(string model, string place, string expected, string got) =>
        $"'{model}', metadata '{OwnPreprocessing.Key}'{place}: expected {expected}, got {got}; correct the key (docs/teachers.md), or remove it and state input: in the recipe";

    static string Shown(string text) => text.Length > LongestShown ? $"{text[..LongestShown]}..." : text;
}
