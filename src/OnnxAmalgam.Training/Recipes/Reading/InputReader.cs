using OnnxAmalgam.Graphs.Metadata;

namespace OnnxAmalgam.Training.Recipes.Reading;

/// <summary><c>input: {layout: nchw, scale: 0.0039, ...}</c>.</summary>
internal static class InputReader
{
    const int MaxSide = 16_384;

    public static InputRecipe Read(Field? field)
    {
        if (field is null)
            return new InputRecipe();
        var s = field.Section("preset", "layout", "dtype", "channels", "size", "order", "scale", "mean", "std", "resize", "interpolation", "antialias");
        var preset = s.Optional("preset") is { } name ? Preset(name) : new InputRecipe();
        var input = new InputRecipe
        {
            Layout = s.Optional("layout")?.Word(Words.Layout) ?? preset.Layout,
            Dtype = s.Optional("dtype")?.Word(Words.Dtype) ?? preset.Dtype,
            Channels = s.Optional("channels") is { } channels ? Channels(channels) : preset.Channels,
            Size = s.Optional("size") is { } size ? Size(size) : preset.Size,
            Order = s.Optional("order")?.Word(Words.Order) ?? preset.Order,
            Scale = s.Optional("scale")?.PositiveNumber() ?? preset.Scale,
            Mean = s.Optional("mean")?.Numbers(f => f.FiniteNumber()) ?? preset.Mean,
            Std = s.Optional("std")?.Numbers(f => f.PositiveNumber()) ?? preset.Std,
            Resize = s.Optional("resize")?.Word(Words.Resize) ?? preset.Resize,
            Interpolation = s.Optional("interpolation")?.Word(Words.Interpolation) ?? preset.Interpolation,
            Antialias = s.Optional("antialias")?.Switch() ?? preset.Antialias,
        };
        PerChannel(s.Optional("mean") ?? field, input.Mean, input.Channels);
        PerChannel(s.Optional("std") ?? field, input.Std, input.Channels);
        return input;
    }

    /// <summary>One number for both sides, or <c>[height, width]</c>.</summary>
    public static (int Height, int Width) Size(Field field)
    {
        if (!field.IsList)
        {
            var side = field.WholeNumber(1, MaxSide);
            return (side, side);
        }
        var sides = field.List("height and width");
        return sides.Count == 2
            ? (sides[0].WholeNumber(1, MaxSide), sides[1].WholeNumber(1, MaxSide))
            : throw field.Error($"expected one number, or [height, width], got {sides.Count} elements");
    }

    /// <summary>All that the family states but size and channels, which are the model's.</summary>
    static InputRecipe Preset(Field field)
    {
        var name = field.Text("a preset").Replace('_', '-');
        if (!InputPresets.Names.Contains(name, StringComparer.Ordinal))
            throw field.Error($"expected one of {Words.Quoted(InputPresets.Names)}, got '{name}'{Words.DidYouMean(name, InputPresets.Names)}");
        var family = InputPresets.Find(name);
        return new InputRecipe
        {
            Layout = family.Layout,
            Dtype = family.Dtype,
            Order = family.Order,
            Scale = family.Scale,
            Mean = family.Mean,
            Std = family.Std,
            Resize = family.Resize,
            Interpolation = family.Interpolation,
            Antialias = family.Antialias,
        };
    }

    static int Channels(Field field) => field.WholeNumber(1, 3) is not 2 and var n ? n : throw field.Expected("1 or 3");

    static void PerChannel(Field field, IReadOnlyList<double>? values, int? channels)
    {
        if (values is { Count: not 1 and not 3 } || (values is { Count: 3 } && channels == 1))
            throw field.Error($"expected one number, or one a channel ({(channels is { } n ? $"{n}" : "3")}), got {values.Count}");
    }
}
