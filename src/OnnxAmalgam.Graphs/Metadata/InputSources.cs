using System.Globalization;
using System.Text.Json;

namespace OnnxAmalgam.Graphs.Metadata;

/// <summary>Everywhere that preprocessing is stated; the first source that states it wins.</summary>
internal sealed class InputSources(OnnxModel model)
{
    readonly MetadataProperties properties = new(model.Proto);
    readonly SidecarFiles files = new(model);

    /// <summary>The first source that states preprocessing, and what it is.</summary>
    public (InputDescription Input, string Source)? Find()
    {
        (Func<InputDescription?> Read, string Source)[] sources =
        [
            (Own, $"metadata '{OwnPreprocessing.Key}'"),
            (CustomVision, "metadata 'CustomVision.Preprocess'"),
            (Ultralytics, "metadata 'imgsz'"),
            (() => StandardImage(), "metadata 'Image'"),
            (HuggingFace, "preprocessor_config.json"),
            (Timm, "config.json"),
        ];
        foreach (var (read, source) in sources)
        {
            if (read() is { } input)
                return (input, source);
        }
        return null;
    }

    /// <summary>Ours: it is believed, or refused with the reason, never passed over.</summary>
    InputDescription? Own()
    {
        if (OwnPreprocessing.Read(properties.Find(OwnPreprocessing.Key), model.Name) is not { } stated)
            return null;
        PreprocessingKeys.CheckAgainstGraph(stated, model);
        return stated;
    }

    /// <summary>The graph's own description with what a source adds, or null where the graph contradicts it.</summary>
    InputDescription? OnGraph(int? height, int? width, int? channels) => InputException.Attempt(() =>
    {
        var graph = new GraphInput(model);
        // a size that the graph fixes is the one that will be fed
        return graph.Describe(graph.Height ?? height, graph.Width ?? width, graph.Channels ?? channels);
    }).Found;

    InputDescription? Ultralytics()
    {
        if (properties.Find("task") != "classify" || properties.Find("imgsz") is not { } size)
            return null;
        var (height, width) = PythonLiteral.Parse(size) switch
        {
            PythonNumber both => (both.Value, both.Value),
            PythonList { Items: [PythonNumber h, PythonNumber w] } => (h.Value, w.Value),
            _ => (0, 0),
        };
        var channels = int.TryParse(properties.Find("channels"), NumberStyles.None, CultureInfo.InvariantCulture, out var stated) ? stated : 3;
        return OnGraph(Size(height), Size(width), channels);
    }

    /// <summary>Custom Vision states mean and deviation on top of the pixel range.</summary>
    InputDescription? CustomVision()
    {
        const string Prefix = "CustomVision.Preprocess.";
        if (Numbers(Stated("NormalizeMean")) is not { } mean || Numbers(Stated("NormalizeStd")) is not { } std)
            return null;
        var found = StandardImage(Size(Number(Stated("TargetHeight"))), Size(Number(Stated("TargetWidth"))));
        return found is null || std.Contains(0) || found.Mean.Any(value => value != 0) ? null : found with
        {
            Mean = mean,
            Std = std,
            Resize = Stated("CropMethod") is null or "NoCrop" ? ResizeMode.Stretch : ResizeMode.ShorterSide,
        };

        string? Stated(string key) => properties.Find(Prefix + key) ?? FromFile(Prefix + key);
    }

    string? FromFile(string key) => files.Json("metadata_properties.json") is { ValueKind: JsonValueKind.Object } json
        && json.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>ONNX's standard keys; a range without colour space arithmetic is what they can say.</summary>
    InputDescription? StandardImage(int? height = null, int? width = null)
    {
        var format = properties.Find("Image.BitmapPixelFormat") ?? FromFile("Image.BitmapPixelFormat");
        var range = properties.Find("Image.NominalPixelRange") ?? FromFile("Image.NominalPixelRange");
        if (format is null && range is null)
            return null;
        (int Channels, ColorOrder Order)? colours = format?.ToUpperInvariant() switch
        {
            "GRAY8" => (1, ColorOrder.Rgb),
            "RGB8" => (3, ColorOrder.Rgb),
            "BGR8" => (3, ColorOrder.Bgr),
            null => (3, ColorOrder.Rgb),
            _ => null,
        };
        (double Scale, double Mean)? scale = range?.ToUpperInvariant() switch
        {
            "NOMINALRANGE_0_255" or null => (1, 0),
            "NORMALIZED_0_1" => (1.0 / 255, 0),
            "NORMALIZED_1_1" => (2.0 / 255, 1),
            "NOMINALRANGE_16_235" => (219.0 / 255, -16),
            _ => null,
        };
        if (colours is not { } known || scale is not { } numbers)
            return null;
        return OnGraph(height, width, known.Channels) is { } found
            ? found with { Order = known.Order, Scale = numbers.Scale, Mean = [numbers.Mean] }
            : null;
    }

    /// <summary>Hugging Face's <c>preprocessor_config.json</c>.</summary>
    InputDescription? HuggingFace()
    {
        if (files.Json("preprocessor_config.json") is not { ValueKind: JsonValueKind.Object } json)
            return null;
        var processor = new HuggingFaceProcessor(json);
        if (processor.Filter is not { } filter || processor.Arithmetic is not { } values || OnGraph(Size(processor.Height), Size(processor.Width), null) is not { } found)
            return null;
        return Normalised(found, values.Mean, values.Std) is { } complete
            ? complete with { Scale = values.Scale, Order = processor.Order, Interpolation = filter, Resize = processor.Resize }
            : null;
    }

    /// <summary>timm's <c>config.json</c>.</summary>
    InputDescription? Timm()
    {
        if (files.Json("config.json")?.Member("pretrained_cfg") is not { ValueKind: JsonValueKind.Object } json || json.Reals("mean") is not { } mean || json.Reals("std") is not { } std)
            return null;
        var size = json.Reals("input_size") is [var channels, var height, var width] ? (channels, height, width) : (3, 0, 0);
        Interpolation? filter = json.Text("interpolation") switch { null or "bicubic" => Interpolation.Bicubic, "bilinear" => Interpolation.Bilinear, "nearest" => Interpolation.Nearest, _ => null };
        if (filter is null || OnGraph(Size(size.height), Size(size.width), (int)size.channels) is not { } found)
            return null;
        return Normalised(found with { Interpolation = filter.Value, Scale = 1.0 / 255 }, mean, std) is { } complete
            ? complete with { Resize = json.Text("crop_mode") is "squash" ? ResizeMode.Stretch : ResizeMode.ShorterSide }
            : null;
    }

    /// <summary>Mean and deviation, one a channel or one for all; null where they do not fit.</summary>
    static InputDescription? Normalised(InputDescription found, double[] mean, double[] std) =>
        (mean.Length == 1 || mean.Length == found.Channels) && (std.Length == 1 || std.Length == found.Channels) && !std.Contains(0)
            ? found with { Mean = mean, Std = std }
            : null;

    static int? Size(double? pixels) => pixels is >= 1 and <= 65536 && pixels == Math.Floor(pixels.Value) ? (int)pixels : null;

    static double? Number(string? text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number : null;

    static double[]? Numbers(string? text) => text is not null && PythonLiteral.Parse(text) is PythonList { Items: { Count: 1 or 3 } items } && items.All(item => item is PythonNumber)
        ? [.. items.Select(item => ((PythonNumber)item).Value)]
        : null;
}
