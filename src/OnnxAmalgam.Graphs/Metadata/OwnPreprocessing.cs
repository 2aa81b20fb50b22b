using System.Globalization;
using System.Text;
using System.Text.Json;

namespace OnnxAmalgam.Graphs.Metadata;

/// <summary>The value of <c>onnx_amalgam.preprocessing</c>: an input description as JSON, every key written, in one order.</summary>
internal static class OwnPreprocessing
{
    public const string Key = "onnx_amalgam.preprocessing";

    public static string Text(InputDescription input)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("layout", Word(input.Layout));
            json.WriteString("dtype", Word(input.Dtype));
            json.WriteNumber("channels", input.Channels);
            json.WriteNumber("height", input.Height);
            json.WriteNumber("width", input.Width);
            json.WriteString("order", Word(input.Order));
            json.WriteNumber("scale", input.Scale);
            WriteReals(json, "mean", input.Mean);
            WriteReals(json, "std", input.Std);
            json.WriteString("resize", Word(input.Resize));
            json.WriteString("interpolation", Word(input.Interpolation));
            json.WriteBoolean("antialias", input.Antialias);
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    /// <summary>The description, or null where the text is none that <see cref="Text"/> could have written.</summary>
    public static InputDescription? Read(string? text)
    {
        if (text is null || SidecarFiles.ParseJson(text) is not { ValueKind: JsonValueKind.Object } json)
            return null;
        if (Parsed<ImageLayout>(json.Text("layout")) is not { } layout || Parsed<ImageDtype>(json.Text("dtype")) is not { } dtype
            || Parsed<ColorOrder>(json.Text("order")) is not { } order || Parsed<ResizeMode>(json.Text("resize")) is not { } resize
            || Parsed<Interpolation>(json.Text("interpolation")) is not { } interpolation
            || json.Real("channels") is not (1 or 3) || Size(json.Real("height")) is not { } height || Size(json.Real("width")) is not { } width
            || json.Real("scale") is not { } scale || json.Reals("mean") is not { } mean || json.Reals("std") is not { } std
            || json.Member("antialias") is not { ValueKind: JsonValueKind.True or JsonValueKind.False } antialias)
            return null;
        var channels = (int)json.Real("channels")!.Value;
        if ((mean.Length != 1 && mean.Length != channels) || (std.Length != 1 && std.Length != channels) || std.Contains(0))
            return null;
        return new InputDescription
        {
            Layout = layout,
            Dtype = dtype,
            Channels = channels,
            Height = height,
            Width = width,
            Order = order,
            Scale = scale,
            Mean = mean,
            Std = std,
            Resize = resize,
            Interpolation = interpolation,
            Antialias = antialias.GetBoolean(),
        };
    }

    /// <summary>The recipe's word: <c>ShorterSide</c> is shorter_side.</summary>
    static string Word<T>(T value) where T : struct, Enum => value is ResizeMode.ShorterSide
        ? "shorter_side"
        : value.ToString().ToLower(CultureInfo.InvariantCulture);

    static T? Parsed<T>(string? word) where T : struct, Enum
    {
        foreach (var value in Enum.GetValues<T>())
        {
            if (Word(value) == word)
                return value;
        }
        return null;
    }

    static int? Size(double? pixels) => pixels is >= 1 and <= 65536 && pixels == Math.Floor(pixels.Value) ? (int)pixels : null;

    static void WriteReals(Utf8JsonWriter json, string name, IReadOnlyList<double> numbers)
    {
        json.WriteStartArray(name);
        foreach (var number in numbers)
            json.WriteNumberValue(number);
        json.WriteEndArray();
    }
}
