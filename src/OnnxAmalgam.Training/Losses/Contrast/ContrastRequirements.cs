using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Losses.Contrast;

/// <summary>What the contrastive terms need of teachers and labels.</summary>
internal static class ContrastRequirements
{
    /// <summary>Refuses terms that would compare nothing.</summary>
    /// <param name="recipe">The equation.</param>
    /// <param name="union">The student's labels.</param>
    /// <param name="teachers">For each level the teacher of each tap.</param>
    /// <exception cref="InputException">No pair, or more labels an image than leave others to tell it apart from.</exception>
    public static void Check(AmalgamationRecipe recipe, LabelUnion union, IReadOnlyList<IReadOnlyList<int>> teachers)
    {
        foreach (var term in recipe.Losses)
        {
            ContrastPairs? pairs = term switch { ContrastiveTerm c => c.Pairs, SupervisedContrastiveTerm c => c.Pairs, _ => null };
            if (pairs is { } which && teachers.All(level => ViewPairs.Of(which, level).Length == 0))
                throw new InputException($"amalgamation.losses, '{AmalgamationEquation.Name(term)}': expected taps of two teachers at least for 'pairs: teachers', got those of one; use 'pairs: student'");
            if (term is SupervisedContrastiveTerm { Labels: TopLabels top } && top.Count >= union.Count)
                throw new InputException($"amalgamation.losses, 'supervised_contrastive': expected 'top' below the {union.Count} labels of the union, got {top.Count}; with all labels on every image there is nothing to tell apart");
        }
    }
}
