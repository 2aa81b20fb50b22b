using OnnxAmalgam.Graphs.Metadata;

namespace OnnxAmalgam.Training.Recipes;

/// <summary>Preprocessing of the families that models come from: <c>y = (x*scale - mean)/std</c>, x = 0..255. Size and channels stay the graph's.</summary>
internal static class InputPresets
{
    static readonly InputRecipe Torch = new()
    {
        Layout = ImageLayout.Nchw,
        Dtype = ImageDtype.Float32,
        Order = ColorOrder.Rgb,
        Scale = 1.0 / 255,
        Mean = [0],
        Std = [1],
        Resize = ResizeMode.ShorterSide,
        Interpolation = Interpolation.Bilinear,
        Antialias = true,
    };

    static readonly InputRecipe Keras = Torch with { Layout = ImageLayout.Nhwc, Scale = 1, Resize = ResizeMode.Stretch };

    static readonly IReadOnlyList<double> ImageNetMean = [0.485, 0.456, 0.406];
    static readonly IReadOnlyList<double> ImageNetStd = [0.229, 0.224, 0.225];

    static readonly Dictionary<string, InputRecipe> Families = new(StringComparer.Ordinal)
    {
        ["torchvision"] = Torch with { Mean = ImageNetMean, Std = ImageNetStd },
        ["timm"] = Torch with { Mean = ImageNetMean, Std = ImageNetStd, Interpolation = Interpolation.Bicubic },
        ["timm_inception"] = Torch with { Mean = [0.5], Std = [0.5], Interpolation = Interpolation.Bicubic },
        ["timm_dpn"] = Torch with
        {
            Mean = [124.0 / 255, 117.0 / 255, 104.0 / 255],
            Std = [1 / (0.0167 * 255)],
            Interpolation = Interpolation.Bicubic,
        },
        ["clip"] = Torch with
        {
            Mean = [0.48145466, 0.4578275, 0.40821073],
            Std = [0.26862954, 0.26130258, 0.27577711],
            Interpolation = Interpolation.Bicubic,
        },
        ["ultralytics"] = Torch,
        ["paddle"] = Torch with { Mean = ImageNetMean, Std = ImageNetStd, Antialias = false },
        ["keras_caffe"] = Keras with { Order = ColorOrder.Bgr, Mean = [103.939, 116.779, 123.68] },
        ["keras_tf"] = Keras with { Scale = 1 / 127.5, Mean = [1] },
        ["keras_torch"] = Keras with { Scale = 1.0 / 255, Mean = ImageNetMean, Std = ImageNetStd },
        ["keras_raw"] = Keras,
    };

    /// <summary>Every preset's name.</summary>
    public static IEnumerable<string> Names => Families.Keys;

    /// <summary>A family's values, or null.</summary>
    public static InputRecipe? Find(string name) => Families.GetValueOrDefault(name);
}
