using System.Text.Json;
using System.Text.Json.Serialization;
using OnnxAmalgam.Cli.Shell;

namespace OnnxAmalgam.Cli.Reports;

/// <summary>Results as JSON: camelCase, null where something is unknown, ASCII only.</summary>
internal static class Json
{
    /// <summary>Raised when a key changes its meaning or goes.</summary>
    public const int SchemaVersion = 1;

    static readonly JsonSerializerOptions Indented = Options(indented: true);
    static readonly JsonSerializerOptions Compact = Options(indented: false);

    /// <summary>One document.</summary>
    public static void WriteDocument<T>(Terminal terminal, T value) => terminal.Output.WriteLine(JsonSerializer.Serialize(value, Indented));

    /// <summary>One object on a line of its own.</summary>
    public static void WriteLine<T>(Terminal terminal, T value) => terminal.Output.WriteLine(JsonSerializer.Serialize(value, Compact));

    static JsonSerializerOptions Options(bool indented) => new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = indented,
        NewLine = "\n",
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };
}
