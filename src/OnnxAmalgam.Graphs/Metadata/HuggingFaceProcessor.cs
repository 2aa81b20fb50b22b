using System.Text.Json;

namespace OnnxAmalgam.Graphs.Metadata;

/// <summary>What a <c>preprocessor_config.json</c> says. The same keys do not mean the same to every processor: what differs is told from the name of its class.</summary>
internal sealed class HuggingFaceProcessor
{
    static readonly string[] ReadBareSizeAsShorterSide = ["CLIP", "ChineseCLIP", "ConvNext", "Levit", "Bit", "MobileNetV1", "MobileNetV2", "MobileViT", "PoolFormer"];

    readonly JsonElement json;
    readonly string name;

    public HuggingFaceProcessor(JsonElement json)
    {
        this.json = json;
        name = json.Text("image_processor_type") ?? json.Text("feature_extractor_type") ?? "";
        var size = json.Member("crop_size") is { } crop && json.Flag("do_center_crop", true) ? crop : json.Member("size");
        (Height, Width) = size switch
        {
            { ValueKind: JsonValueKind.Number } both => (both.GetDouble(), both.GetDouble()),
            { ValueKind: JsonValueKind.Object } sides when sides.Real("shortest_edge") is { } edge => (edge, edge),
            { ValueKind: JsonValueKind.Object } sides => (sides.Real("height") ?? 0, sides.Real("width") ?? 0),
            _ => (0, 0),
        };
    }

    public double Height { get; }

    public double Width { get; }

    /// <summary>By Pillow's numbers; null: one that is not known here.</summary>
    public Interpolation? Filter => json.Real("resample") switch { null or 2 => Interpolation.Bilinear, 3 => Interpolation.Bicubic, 0 => Interpolation.Nearest, _ => null };

    public ColorOrder Order => json.Flag("do_flip_channel_order", Is("MobileViT")) ? ColorOrder.Bgr : ColorOrder.Rgb;

    /// <summary>Files that say in words that <c>size</c> is the shorter side have an object there. ConvNeXt's processor stretches from 384 pixels on however that is written.</summary>
    public ResizeMode Resize
    {
        get
        {
            var shorter = json.Member("size") is { ValueKind: JsonValueKind.Object } sides
                ? sides.Real("shortest_edge")
                : Array.Exists(ReadBareSizeAsShorterSide, Is) ? json.Real("size") : null;
            return shorter is null || (Is("ConvNext") && shorter >= 384) ? ResizeMode.Stretch : ResizeMode.ShorterSide;
        }
    }

    /// <summary>Factor of the bytes, then mean and deviation, one a channel or one for all; null where they are no numbers.</summary>
    public (double Scale, double[] Mean, double[] Std)? Arithmetic
    {
        get
        {
            if (Values("image_mean", 0) is not { } mean || Values("image_std", 1) is not { } std)
                return null;
            var scale = json.Flag("do_rescale", true) ? json.Real("rescale_factor") ?? 1.0 / 255 : 1;
            var normalises = json.Flag("do_normalize", true);
            var (from, by) = normalises ? (mean, std) : ([0.0], [1.0]);
            if (!Is("EfficientNet"))
                return (scale, from, by);
            // this processor may take 1 off the scaled bytes, and divides by the deviation once more for a network with its head
            if (json.Flag("rescale_offset", false))
                from = [.. from.Select(value => value + 1)];
            if (json.Flag("include_top", true))
                by = normalises ? [.. std.Select(value => value * value)] : std;
            return (scale, from, by);
        }
    }

    bool Is(string processor) => name.StartsWith(processor, StringComparison.OrdinalIgnoreCase);

    double[]? Values(string key, double otherwise) => json.Member(key) is null ? [otherwise] : json.Real(key) is { } one ? [one] : json.Reals(key);
}
