using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Evaluation;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Search;

/// <summary>Weights over each teacher's taps and over teachers, searched without labels, beside weights that nobody learned.</summary>
/// <remarks>Stage one of differentiable feature aggregation; stage two is <c>train</c> with a frozen recipe. See <see cref="BridgeLoss"/>.</remarks>
public sealed class TapSearch
{
    /// <summary>Columns of <see cref="ToCsv"/>.</summary>
    public static IReadOnlyList<string> Columns { get; } = ["method", "seed", "teacher", "teacher_weight", "tap", "channels", "height", "width", "weight"];

    /// <summary>Names of the weights beside the searched ones, which nobody learned.</summary>
    public static IReadOnlyList<string> Baselines => BaselineWeights.Names;

    readonly Recipe recipe;
    readonly IReadOnlyList<TapGroup> groups;

    TapSearch(Recipe recipe, IReadOnlyList<TapGroup> groups, FrozenWeights searched, IReadOnlyList<double> losses)
    {
        (this.recipe, this.groups, Losses) = (recipe, groups, losses);
        Weights = [searched, .. BaselineWeights.Of(groups, recipe.Train.Seed)];
    }

    /// <summary>The searched weights, then random, average and last.</summary>
    public IReadOnlyList<FrozenWeights> Weights { get; }

    /// <summary>The bridge loss that moved the weights, mean of each epoch.</summary>
    public IReadOnlyList<double> Losses { get; }

    /// <summary>Searches.</summary>
    /// <param name="recipe">Teachers, student, images, label mode, optimiser.</param>
    /// <param name="options">How.</param>
    /// <param name="compute">Where.</param>
    /// <param name="warn">Told what is only assumed.</param>
    /// <param name="progress">Told of each epoch.</param>
    /// <param name="stop">Cancelled to interrupt.</param>
    /// <returns>Null when interrupted.</returns>
    /// <exception cref="InputException">Whatever is wrong with the recipe, or taps that have no grid.</exception>
    public static TapSearch? Run(Recipe recipe, SearchOptions options, ComputeOptions compute, Action<string> warn, Action<string> progress, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(options);
        TapGroup?[] found = [.. recipe.Teachers.Select(t => TapGroup.Of(t, compute))];
        TapGroup[] groups = [.. found.OfType<TapGroup>()];
        if (groups.Length == 0 || recipe.Student.Taps is [])
        {
            throw new InputException($"{(groups.Length == 0 ? "teachers" : "student")}: expected a tap to search weights for, got 'taps: none'");
        }

        using var setup = AmalgamationSetup.Open(Tapped(recipe, found), recipe.Teachers, compute, warn);
        using var step = new SearchStep(setup, groups, options);
        var losses = step.Run(progress, stop);
        return losses is null ? null : new TapSearch(recipe, groups, step.Weights(), losses);
    }

    /// <summary>All rows under <see cref="Columns"/>.</summary>
    public string ToCsv()
    {
        using var text = new StringWriter();
        CsvTable.Write(text, Columns, Weights.SelectMany(w => w.Teachers.SelectMany((t, i) => t.Taps.Select(tap => (IReadOnlyList<object?>)
            [w.Method, recipe.Train.Seed, t.Teacher, t.TeacherWeight, tap.Tap, groups[i].Shape.Channels, groups[i].Shape.Grid!.Value.Height, groups[i].Shape.Grid!.Value.Width, tap.Weight]))));
        return text.ToString();
    }

    /// <summary>The recipe with weights frozen into it, to train with. A tap of weight 0 is left out.</summary>
    public Recipe Freeze(FrozenWeights weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        var byName = weights.Teachers.Index().ToDictionary(t => t.Item.Teacher, t => t.Index, StringComparer.Ordinal);
        return recipe with
        {
            Name = $"{recipe.Name[..Math.Min(recipe.Name.Length, RecipeReader.MaxNameLength - weights.Method.Length - 1)]}-{weights.Method}",
            Teachers = [.. recipe.Teachers.Select(t => byName.TryGetValue(t.Name, out int index) ? Frozen(t, groups[index], weights.Teachers[index]) : t)],
        };
    }

    static TeacherRecipe Frozen(TeacherRecipe teacher, TapGroup group, TeacherWeights weights) => teacher with
    {
        Taps = [.. group.Teacher.Taps!.Zip(weights.Taps, (tap, w) => tap with { Weight = w.Weight }).Where(t => t.Weight > 0)],
        Weight = teacher.Weight * weights.TeacherWeight,
    };

    /// <summary>The recipe with the candidates as taps and a term that reads them; so many taps are not worth keeping.</summary>
    static Recipe Tapped(Recipe recipe, TapGroup?[] groups) => recipe with
    {
        Teachers = [.. recipe.Teachers.Zip(groups, (t, g) => g?.Teacher ?? t)],
        Amalgamation = recipe.Amalgamation with { Losses = [SearchStep.Target(recipe), new HintTerm(1)] },
        Train = recipe.Train with { Cache = null },
    };
}
