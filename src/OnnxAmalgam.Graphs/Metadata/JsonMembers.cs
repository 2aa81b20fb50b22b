using System.Text.Json;

namespace OnnxAmalgam.Graphs.Metadata;

/// <summary>Members of JSON objects by type; one of another type is absent.</summary>
internal static class JsonMembers
{
    public static JsonElement? Member(this JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public static string? Text(this JsonElement json, string name) =>
        json.Member(name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    public static double? Real(this JsonElement json, string name) =>
        json.Member(name) is { ValueKind: JsonValueKind.Number } value && value.GetDouble() is var number && double.IsFinite(number) ? number : null;

    public static bool Flag(this JsonElement json, string name, bool otherwise) =>
        json.Member(name)?.ValueKind switch { JsonValueKind.True => true, JsonValueKind.False => false, _ => otherwise };

    public static double[]? Reals(this JsonElement json, string name) =>
        json.Member(name) is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() is > 0 and <= 16
            && list.EnumerateArray().All(item => item.ValueKind == JsonValueKind.Number && double.IsFinite(item.GetDouble()))
            ? [.. list.EnumerateArray().Select(item => item.GetDouble())]
            : null;
}
