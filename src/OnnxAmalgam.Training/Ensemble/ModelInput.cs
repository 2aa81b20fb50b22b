using System.Globalization;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Metadata;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Ensemble;

/// <summary>What a model is fed and where it is tapped: what its recipe states, over what its file states.</summary>
internal static class ModelInput
{
    /// <summary>The input description: recipe keys (a preset's are among them) over the model's metadata, over the graph's input.</summary>
    /// <exception cref="InputException">Size unknown, or values that contradict each other or the graph.</exception>
    public static InputDescription Describe(OnnxModel model, InputRecipe stated, string where) =>
        Override(ModelMetadata.Input(model) ?? ModelMetadata.FromGraph(model, stated.Size?.Height, stated.Channels), stated, where);

    /// <summary>What must be said where neither the recipe nor the model's metadata states the scale of the input: the commonest cause of a
    /// model that gives other results than where it was trained. Null where it is stated.</summary>
    public static string? Assumption(OnnxModel model, InputRecipe stated, InputDescription used) =>
        stated is { Scale: null, Mean: null, Std: null } && ModelMetadata.Input(model) is null
            ? string.Create(CultureInfo.InvariantCulture, $"nothing states how its input is scaled; assumed (x * {used.Scale:g6} - {used.Mean[0]:g6}) / {used.Std[0]:g6}; say it under input: in the recipe (scale, mean, std, or a preset) if it was trained otherwise")
            : null;

    /// <summary>Recipe keys over a description.</summary>
    public static InputDescription Override(InputDescription found, InputRecipe stated, string where)
    {
        var input = found with
        {
            Layout = stated.Layout ?? found.Layout,
            Dtype = stated.Dtype ?? found.Dtype,
            Channels = stated.Channels ?? found.Channels,
            Height = stated.Size?.Height ?? found.Height,
            Width = stated.Size?.Width ?? found.Width,
            Order = stated.Order ?? found.Order,
            Scale = stated.Scale ?? found.Scale,
            Mean = stated.Mean ?? found.Mean,
            Std = stated.Std ?? found.Std,
            Resize = stated.Resize ?? found.Resize,
            Interpolation = stated.Interpolation ?? found.Interpolation,
            Antialias = stated.Antialias ?? found.Antialias,
        };
        foreach (var (name, values) in new[] { ("mean", input.Mean), ("std", input.Std) })
        {
            if (values.Count != 1 && values.Count != input.Channels)
            {
                throw new InputException($"{where}, input.{name}: expected 1 or {input.Channels} values, one a channel, got {values.Count}");
            }
        }

        return input;
    }

    /// <summary>The taps a recipe names, or the automatic one; none where nothing reads them. A tap that is named must exist all the same.</summary>
    public static IReadOnlyList<Tap> Taps(OnnxModel model, IReadOnlyList<TapRecipe>? stated, bool areRead)
    {
        IReadOnlyList<Tap>? named = stated?.SelectMany(t => Resolve(model, t)).DistinctBy(t => t.Value).ToList();
        return areRead ? named ?? [Anatomy.AutoTap(model)] : [];
    }

    static IEnumerable<Tap> Resolve(OnnxModel model, TapRecipe stated) => Anatomy.SelectTaps(model, stated.Value).Select(tap => stated.Layout switch
    {
        null => tap,
        ImageLayout.Nchw => tap with { ChannelAxis = 1 },
        _ => tap with { ChannelAxis = tap.Kind == TapKind.Spatial ? 3 : tap.Kind == TapKind.Tokens ? 2 : 1 },
    });
}
