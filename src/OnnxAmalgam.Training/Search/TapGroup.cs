using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.CommonSpace;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Search;

/// <summary>A teacher's taps that can be summed: those on the path to its scores with the layout, grid and number of channels of the tap its recipe chooses.</summary>
/// <param name="Teacher">The teacher, its taps the candidates.</param>
/// <param name="Shape">What they share.</param>
/// <param name="Chosen">Which of them is the recipe's tap.</param>
internal sealed record TapGroup(TeacherRecipe Teacher, TapShape Shape, int Chosen)
{
    /// <summary>Finds the candidates.</summary>
    /// <param name="recipe">A teacher; of several taps the last is its choice.</param>
    /// <param name="compute">Device and threads.</param>
    /// <returns>Null for a teacher that is not tapped.</returns>
    /// <exception cref="InputException">The chosen tap has no grid.</exception>
    public static TapGroup? Of(TeacherRecipe recipe, ComputeOptions compute)
    {
        if (recipe.Taps is [])
        {
            return null;
        }

        OnnxModel model = OnnxModel.Load(recipe.Model);
        string value = recipe.Taps is [.., var stated] ? Anatomy.SelectTaps(model, stated.Value)[^1].Value : Anatomy.AutoTap(model).Value;
        TapRecipe chosen = new(value, recipe.Taps?[^1].Layout);
        string[] path = [.. Anatomy.TapsOnPath(model).Select(t => t.Value)];
        TapRecipe[] taps = [.. path.Contains(value, StringComparer.Ordinal) ? path.Select(v => chosen with { Value = v }) : [chosen]];
        // A layout that is stated for the chosen tap holds for those that share its grid; the others are dropped here.
        var kinds = Anatomy.Taps(model).ToDictionary(t => t.Value, t => t.Kind, StringComparer.Ordinal);
        TapKind kind = kinds[value];
        taps = [.. taps.Where(t => kinds[t.Value] == kind)];
        using var teacher = Ensemble.Teacher.Open(recipe with { Taps = taps }, withTaps: true, compute.Session);
        TapShape shape = teacher.TapShapes[Array.IndexOf(taps, chosen)];
        if (shape.Grid is null)
        {
            throw new InputException($"teacher '{recipe.Name}', tap '{value}': expected a feature with height and width to search its grid, got {kind}; name another tap in the recipe");
        }

        TapRecipe[] same = [.. taps.Where((_, i) => TapSum.IsSame(teacher.TapShapes[i], shape))];
        return new TapGroup(recipe with { Taps = same, Weight = 1 }, shape, Array.IndexOf(same, chosen));
    }
}
