using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Ensemble;

/// <summary>The taps that a teacher offers beside those its recipe names.</summary>
internal static class TeacherTaps
{
    /// <summary>The teacher with every tap on the path to its scores, the recipe's layouts kept.</summary>
    /// <exception cref="InputException">There is none.</exception>
    public static TeacherRecipe OnPath(TeacherRecipe recipe)
    {
        OnnxModel model = OnnxModel.Load(recipe.Model);
        var stated = (recipe.Taps ?? []).SelectMany(t => Anatomy.SelectTaps(model, t.Value).Select(tap => (tap.Value, t.Layout))).DistinctBy(t => t.Value)
            .ToDictionary(t => t.Value, t => t.Layout, StringComparer.Ordinal);
        TapRecipe[] taps = [.. Anatomy.TapsOnPath(model).Select(t => new TapRecipe(t.Value, stated.GetValueOrDefault(t.Value)))];
        return taps.Length > 0
            ? recipe with { Taps = taps }
            : throw new InputException($"teacher '{recipe.Name}': expected values that every path from image to scores passes, got none; name taps in the recipe");
    }
}
