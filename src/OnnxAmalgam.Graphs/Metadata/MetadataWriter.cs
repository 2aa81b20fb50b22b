using System.Globalization;
using System.Text;

namespace OnnxAmalgam.Graphs.Metadata;

/// <summary>Writes what others' tools read (Ultralytics' five keys, ONNX's <c>Image.*</c>) and our own keys, in one order and
/// without a date, so that the same training gives the same bytes.</summary>
internal static class MetadataWriter
{
    public static void Write(MetadataProperties properties, IReadOnlyList<string> labels, InputDescription input, IReadOnlyDictionary<string, string> provenance)
    {
        // Ultralytics' reader indexes these five without a default: all or none
        properties.Set("stride", "1");
        properties.Set("task", "classify");
        properties.Set("batch", "1");
        properties.Set("imgsz", string.Create(CultureInfo.InvariantCulture, $"[{input.Height}, {input.Width}]"));
        properties.Set("names", Names(labels));
        properties.Set("channels", input.Channels.ToString(CultureInfo.InvariantCulture));
        properties.Set("Image.BitmapPixelFormat", input.Channels == 1 ? "Gray8" : input.Order == ColorOrder.Bgr ? "Bgr8" : "Rgb8");
        properties.Set("Image.ColorSpaceGamma", "SRGB");
        if (Range(input) is { } range)
            properties.Set("Image.NominalPixelRange", range);
        else
            properties.Remove("Image.NominalPixelRange");
        properties.Set(OwnPreprocessing.Key, OwnPreprocessing.Text(input));
        foreach (var (key, value) in provenance.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            properties.Set(key, value);
    }

    /// <summary>ONNX's word for the range, or null where mean and deviation are none that it has a word for.</summary>
    static string? Range(InputDescription input)
    {
        var low = Fed(input, 0);
        var high = Fed(input, 255);
        return (low, high) switch
        {
            (0, 255) => "NominalRange_0_255",
            (0, 1) => "Normalized_0_1",
            (-1, 1) => "Normalized_1_1",
            (16, 235) => "NominalRange_16_235",
            _ => null,
        };
    }

    /// <summary>What a pixel becomes, where that is the same for all channels.</summary>
    static double? Fed(InputDescription input, double pixel)
    {
        var values = Enumerable.Range(0, input.Channels)
            .Select(c => ((pixel * input.Scale) - input.Mean[Math.Min(c, input.Mean.Count - 1)]) / input.Std[Math.Min(c, input.Std.Count - 1)])
            .Select(value => Math.Round(value, 9)).Distinct().ToArray();
        return values is [var one] ? one : null;
    }

    /// <summary><c>{0: 'cat', 1: "dog's"}</c>, as Python prints it.</summary>
    static string Names(IReadOnlyList<string> labels) =>
        "{" + string.Join(", ", labels.Select((label, i) => string.Create(CultureInfo.InvariantCulture, $"{i}: {PythonText(label)}"))) + "}";

    static string PythonText(string text)
    {
        var quote = text.Contains('\'', StringComparison.Ordinal) && !text.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        var written = new StringBuilder().Append(quote);
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value == quote || rune.Value == '\\')
                written.Append('\\').Append(rune);
            else if (rune.Value is '\n' or '\r' or '\t')
                written.Append(rune.Value switch { '\n' => "\\n", '\r' => "\\r", _ => "\\t" });
            else if (Rune.IsControl(rune) || Rune.GetUnicodeCategory(rune) is UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator)
                written.Append(rune.Value < 0x100 ? "\\x" : "\\u").Append(rune.Value.ToString(rune.Value < 0x100 ? "x2" : "x4", CultureInfo.InvariantCulture));
            else
                written.Append(rune);
        }
        return written.Append(quote).ToString();
    }
}
