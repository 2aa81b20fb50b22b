using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Quality;

/// <summary>A way to make views of an image.</summary>
/// <param name="Name">What tables call it.</param>
/// <param name="Steps">The steps, in order.</param>
internal sealed record ViewRecipe(string Name, IReadOnlyList<AugmentStep> Steps)
{
    /// <summary>The view that is the image.</summary>
    public const string Unchanged = "none";

    /// <summary>The image as it is, each step of the recipe, all of them where there are several, and each kind that the recipe lacks at a usual strength.</summary>
    /// <param name="recipe">The recipe's steps.</param>
    /// <param name="side">The canvas' shorter side: paddings and squares are an eighth of it.</param>
    public static IReadOnlyList<ViewRecipe> Of(IReadOnlyList<AugmentStep> recipe, int side)
    {
        int eighth = Math.Max(1, side / 8);
        AugmentStep[] usual = [new FlipStep(), new CropStep(eighth), new RandomMaskStep(0.1, eighth), new RandomMaskStep(), new ExemplarStep(0.25), new ExemplarStep()];
        var others = usual.Where(u => u is RandomMaskStep or ExemplarStep ? !recipe.Contains(u) : recipe.All(r => r.GetType() != u.GetType()));
        return
        [
            new(Unchanged, []),
            .. recipe.Concat(others).Distinct().Select(s => new ViewRecipe(RecipeTree.Name(s), [s])),
            .. recipe.Count > 1 ? new[] { new ViewRecipe("all", recipe) } : [],
        ];
    }
}
