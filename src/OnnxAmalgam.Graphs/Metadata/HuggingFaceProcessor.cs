using System.Text.Json;

namespace OnnxAmalgam.Graphs.Metadata;

/// <summary>What a <c>preprocessor_config.json</c> says. The same keys do not mean the same to every processor: what differs is told from the name of its class.</summary>
internal sealed class HuggingFaceProcessor
{
    static readonly string[] ReadBareSizeAsShorterSide = ["CLIP", "ChineseCLIP", "ConvNext", "Levit", "Bit", "MobileNetV1", "MobileNetV2", "MobileViT", "PoolFormer", "ViTHybrid"];
    static readonly string[] BicubicUnlessStated = ["CLIP", "ChineseCLIP", "Levit", "Bit", "PoolFormer", "Deit", "Beit", "ViTHybrid", "EfficientFormer", "Perceiver", "Siglip", "EfficientNetImageProcessorFast"];

    readonly JsonElement json;
    readonly string name;

    public HuggingFaceProcessor(JsonElement json)
    {
        this.json = json;
        name = json.Text("image_processor_type") ?? json.Text("feature_extractor_type") ?? "";
        var size = json.Member("crop_size") is { } crop && json.Flag("do_center_crop", !Is("EfficientNet")) ? crop : json.Member("size");
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
    public Interpolation? Filter => json.Real("resample") switch
    {
        null => Array.Exists(BicubicUnlessStated, Is) ? Interpolation.Bicubic : Is("EfficientNet") ? Interpolation.Nearest : Interpolation.Bilinear,
        2 => Interpolation.Bilinear,
        3 => Interpolation.Bicubic,
        0 => Interpolation.Nearest,
        _ => null,
    };

    public ColorOrder Order => json.Flag("do_flip_channel_order", Is("MobileViT")) ? ColorOrder.Bgr : ColorOrder.Rgb;

    /// <summary>Files that say in words that <c>size</c> is the shorter side have an object there. ConvNeXt's processor stretches from 384 pixels on however that is written;
    /// PoolFormer's crops equal sides, unless its share is none.</summary>
    public ResizeMode Resize
    {
        get
        {
            var shorter = json.Member("size") is { ValueKind: JsonValueKind.Object } sides
                ? sides.Real("shortest_edge")
                : Array.Exists(ReadBareSizeAsShorterSide, Is) ? json.Real("size") : null;
            if (Is("PoolFormer") && shorter is null)
                return Height == Width && !(json.TryGetProperty("crop_pct", out var share) && share.ValueKind == JsonValueKind.Null) ? ResizeMode.ShorterSide : ResizeMode.Stretch;
            return shorter is null || (Is("ConvNext") && shorter >= 384) ? ResizeMode.Stretch : ResizeMode.ShorterSide;
        }
    }

    /// <summary>Factor of the bytes, then mean and deviation, one a channel or one for all; null where a processor that normalises does not say by what: each has its own default.</summary>
    public (double Scale, double[] Mean, double[] Std)? Arithmetic
    {
        get
        {
            var rescales = json.Flag("do_rescale", true);
            var scale = rescales ? json.Real("rescale_factor") ?? 1.0 / 255 : 1;
            var normalises = json.Flag("do_normalize", !Is("MobileViT"));
            // a network with its head has EfficientNet's processor divide by the deviation once more
            var again = Is("EfficientNet") && json.Flag("include_top", true);
            double[]? mean = normalises ? Values("image_mean") : [0], std = normalises || again ? Values("image_std") : [1];
            if (mean is null || std is null)
                return null;
            if (Is("EfficientNet") && rescales && json.Flag("rescale_offset", false))
                mean = [.. mean.Select(value => value + 1)];
            return (scale, mean, normalises && again ? [.. std.Select(value => value * value)] : std);
        }
    }

    bool Is(string processor) => name.StartsWith(processor, StringComparison.OrdinalIgnoreCase);

    double[]? Values(string key) => json.Real(key) is { } one ? [one] : json.Reals(key);
}
