using System.Globalization;
using System.Text;
using System.Text.Json;

namespace OnnxAmalgam.Graphs.Metadata;

/// <summary>The value of <c>onnx_amalgam.preprocessing</c>: an input description as JSON with the keys of a recipe's <c>input</c>, every
/// key written, in one order.</summary>
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
            WriteReals(json, "size", [input.Height, input.Width]);
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

    /// <summary>The description; null where there is no text. The size is <c>size: [h, w]</c>, one number for both, or <c>height</c> and
    /// <c>width</c>.</summary>
    /// <exception cref="InputException">A key is absent, has no sense or contradicts another one.</exception>
    public static InputDescription? Read(string? text, string model)
    {
        if (text is null)
            return null;
        var keys = new PreprocessingKeys(SidecarFiles.ParseJson(text), model);
        var channels = keys.Channels();
        var (height, width) = keys.Size();
        return new InputDescription
        {
            Layout = keys.Word("layout", Enum.GetValues<ImageLayout>(), Word),
            Dtype = keys.Word("dtype", Enum.GetValues<ImageDtype>(), Word),
            Channels = channels,
            Height = height,
            Width = width,
            Order = keys.Word("order", Enum.GetValues<ColorOrder>(), Word),
            Scale = keys.Number("scale"),
            Mean = keys.PerChannel("mean", channels),
            Std = keys.PerChannel("std", channels, mayBeZero: false),
            Resize = keys.Word("resize", Enum.GetValues<ResizeMode>(), Word),
            Interpolation = keys.Word("interpolation", Enum.GetValues<Interpolation>(), Word),
            Antialias = keys.Flag("antialias"),
        };
    }

    /// <summary>The recipe's word: <c>ShorterSide</c> is shorter_side.</summary>
    static string Word<T>(T value) where T : struct, Enum => value is ResizeMode.ShorterSide
        ? "shorter_side"
        : value.ToString().ToLower(CultureInfo.InvariantCulture);

    static void WriteReals(Utf8JsonWriter json, string name, IReadOnlyList<double> numbers)
    {
        json.WriteStartArray(name);
        foreach (var number in numbers)
            json.WriteNumberValue(number);
        json.WriteEndArray();
    }
}
