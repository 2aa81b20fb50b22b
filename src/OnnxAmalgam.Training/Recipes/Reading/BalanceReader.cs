using OnnxAmalgam.Training.Losses;

namespace OnnxAmalgam.Training.Recipes.Reading;

/// <summary><c>amalgamation.balance</c>.</summary>
internal static class BalanceReader
{
    public static BalanceRecipe? Read(Field? field, IReadOnlyList<LossTerm> terms)
    {
        if (field is null)
            return null;
        var choice = field.Choice("none", "uncertainty", "gradnorm");
        var s = choice.Options.Section(choice.Name == "gradnorm" ? ["alpha", "rate"] : []);
        if (choice.Name == "none")
            return null;
        RefuseNegative(field, terms);
        if (choice.Name == "uncertainty" && terms.Any(t => t is ConsistencyTerm))
            throw field.Error("expected terms that stay above 0 for 'uncertainty', got 'consistency', which is 0 where nothing is violated; leave balance or it out, or use 'gradnorm'");
        if (choice.Name == "uncertainty" && terms.Where(t => t.Weight == 0).Select(AmalgamationEquation.Name).ToArray() is { Length: > 0 } weightless)
            throw field.Error($"expected terms of a weight above 0 for 'uncertainty', got {Words.Quoted(weightless)} with 0; leave them out");
        return choice.Name == "uncertainty" ? new UncertaintyBalance() : new GradNormBalance
        {
            Alpha = s.Optional("alpha")?.NonNegativeNumber() ?? new GradNormBalance().Alpha,
            Rate = s.Optional("rate")?.Number(x => x is > 0 and <= 1, "a number above 0 and at most 1") ?? new GradNormBalance().Rate,
        };
    }

    /// <summary>Both divide by a loss, or by what grows with it.</summary>
    static void RefuseNegative(Field field, IReadOnlyList<LossTerm> terms)
    {
        var negative = terms.Where(t => t is VidTerm or ProjectorTerm or ContrastiveTerm or SupervisedContrastiveTerm or MmdTerm { Unbiased: true }).Select(AmalgamationEquation.Name).ToArray();
        if (negative.Length > 0)
            throw field.Error($"expected terms that are never negative, got {Words.Quoted(negative)}{(negative.Contains("mmd") ? " (unbiased)" : "")}; leave balance or these out");
    }
}
