using System.Globalization;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Losses;

/// <summary>The loss as a line of text: <c>1 soft_target(T=1, gated) + 10 mmd(published) + 10 reconstruction</c>.</summary>
internal static class AmalgamationEquation
{
    /// <summary>Writes the equation of a recipe.</summary>
    public static string Write(AmalgamationRecipe recipe) =>
        string.Join(" + ", recipe.Losses.Select(term => $"{Number(term.Weight)} {Term(term, recipe)}"));

    /// <summary>A term's name in recipes and result files.</summary>
    public static string Name(LossTerm term) => term switch
    {
        SoftTargetTerm => "soft_target",
        DkdTerm => "dkd",
        StandardisedLogitsTerm => "standardised_logits",
        DistTerm => "dist",
        MmdTerm => "mmd",
        ReconstructionTerm => "reconstruction",
        CosineTerm => "cosine",
        HardLabelTerm => "hard_label",
        _ => throw new NotSupportedException(term.GetType().Name),
    };

    static string Term(LossTerm term, AmalgamationRecipe recipe)
    {
        string[] details = term switch
        {
            SoftTargetTerm soft => [$"T={Number(soft.Temperature)}", Lower(recipe.Labels)],
            DkdTerm dkd => [$"alpha={Number(dkd.Alpha)}", $"beta={Number(dkd.Beta)}", $"T={Number(dkd.Temperature)}", Lower(recipe.Labels)],
            StandardisedLogitsTerm logits => [$"T={Number(logits.Temperature)}", Lower(recipe.Labels)],
            DistTerm dist => [$"beta={Number(dist.Beta)}", $"gamma={Number(dist.Gamma)}", $"T={Number(dist.Temperature)}", Lower(recipe.Labels)],
            MmdTerm mmd => [Bank(mmd.Bandwidths), .. mmd.Unbiased ? (string[])["unbiased"] : []],
            ReconstructionTerm when recipe.Standardise => ["standardised"],
            _ => [],
        };
        return details.Length == 0 ? Name(term) : $"{Name(term)}({string.Join(", ", details)})";
    }

    static string Bank(IReadOnlyList<double>? bandwidths) =>
        bandwidths is null ? "median"
        : bandwidths.SequenceEqual(MmdTerm.Published) ? "published"
        : $"[{string.Join(", ", bandwidths.Select(Number))}]";

    static string Lower(LabelMode mode) => mode switch
    {
        LabelMode.Concat => "concat",
        LabelMode.Joint => "joint",
        LabelMode.Restricted => "restricted",
        _ => "gated",
    };

    static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
