namespace OnnxAmalgam.Graphs.Metadata;

/// <summary>The preprocessing that a family of models was trained with: <c>y = (x * scale - mean) / std</c>, x = 0..255.</summary>
/// <remarks>Size and channels are the family's usual ones; take what the graph fixes instead. Sources: torchvision's and timm's
/// model configurations, OpenAI's CLIP, <c>keras.applications</c>, Ultralytics' and PaddleClas' transforms.</remarks>
public static class InputPresets
{
    static readonly double[] ImageNetMean = [0.485, 0.456, 0.406];
    static readonly double[] ImageNetStd = [0.229, 0.224, 0.225];

    static readonly InputDescription Plain = new() { Channels = 3, Height = 224, Width = 224 };

    static readonly InputDescription Timm = Plain with { Mean = ImageNetMean, Std = ImageNetStd, Interpolation = Interpolation.Bicubic };

    static readonly InputDescription Keras = Plain with { Layout = ImageLayout.Nhwc, Scale = 1, Resize = ResizeMode.Stretch, Antialias = false };

    static readonly (string Name, InputDescription Input)[] Families =
    [
        ("none", Plain with { Scale = 1 }),
        ("torchvision", Plain with { Mean = ImageNetMean, Std = ImageNetStd }),
        ("imagenet", Plain with { Mean = ImageNetMean, Std = ImageNetStd }),
        ("timm", Timm),
        ("timm-inception", Timm with { Mean = [0.5], Std = [0.5] }),
        ("inception", Timm with { Mean = [0.5], Std = [0.5] }),
        ("timm-dpn", Timm with { Mean = [124.0 / 255, 117.0 / 255, 104.0 / 255], Std = [1 / (0.0167 * 255)] }),
        ("clip", Timm with { Mean = [0.48145466, 0.4578275, 0.40821073], Std = [0.26862954, 0.26130258, 0.27577711] }),
        ("ultralytics", Plain),
        ("paddle", Plain with { Mean = ImageNetMean, Std = ImageNetStd, Antialias = false }),
        ("keras-caffe", Keras with { Order = ColorOrder.Bgr, Mean = [103.939, 116.779, 123.68] }),
        ("keras-tf", Keras with { Scale = 1 / 127.5, Mean = [1] }),
        ("keras-torch", Keras with { Scale = 1.0 / 255, Mean = ImageNetMean, Std = ImageNetStd }),
        ("keras-raw", Keras),
    ];

    /// <summary>Every name.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Families.Select(family => family.Name)];

    /// <summary>The family of that name; <c>_</c> and <c>-</c> are alike.</summary>
    /// <exception cref="InputException">No such family; the message lists all names.</exception>
    public static InputDescription Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        foreach (var family in Families)
        {
            if (family.Name == name.Replace('_', '-'))
                return family.Input;
        }
        throw new InputException($"preset: expected one of {string.Join(", ", Names)}, got '{name}'{NearestName.Hint(name, Names)}");
    }
}
