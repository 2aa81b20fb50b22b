using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Losses;

namespace OnnxAmalgam.Training.Recipes.Reading;

/// <summary><c>scores</c> of teachers, and which terms and gates they go with.</summary>
internal static class ScoreReader
{
    public static ScoreKind Read(Field? field, string? logits) =>
        field is null ? ScoreKind.Softmax
        : logits == "none" ? throw field.Error("expected no scores, because 'logits: none' makes this teacher features only")
        : field.Word(Words.Scores);

    /// <summary>A tagger's scores share no softmax, and one student's scores are softmax or sigmoids, not both.</summary>
    public static void Check(Recipe recipe, Func<string, InputException> error)
    {
        var terms = recipe.Amalgamation.Losses.Where(t => t.Reads is TermInput.Scores or TermInput.Labels).ToArray();
        var others = Words.Quoted(terms.Where(t => t is not MultiLabelTerm).Select(AmalgamationEquation.Name));
        var taggers = Words.Quoted(recipe.Teachers.Where(t => t.Scores == ScoreKind.Sigmoid).Select(t => t.Name));
        if (taggers.Length > 0 && others.Length > 0)
            throw error($"expected 'multi_label' as the only term on scores beside teachers with 'scores: sigmoid' ({taggers}), got {others}; their scores share no softmax");
        if (recipe.Amalgamation.IsMultiLabel && others.Length > 0)
            throw error($"expected 'multi_label' as the only term on scores, got {others} beside it; a student's scores are a softmax or sigmoids");
        if (taggers.Length > 0 && recipe.Amalgamation is { Labels: LabelMode.Gated, Gate.Kind: not GateKind.Domain })
            throw error($"expected 'gate: domain' beside teachers with 'scores: sigmoid' ({taggers}), got '{Words.Gate.Of(recipe.Amalgamation.Gate.Kind)}', which compares energies of softmax scores; name a 'domain' on every source, or use 'labels: joint'");
        if (recipe.Amalgamation is { IsMultiLabel: true, Labels: LabelMode.Gated, Gate.AgreementAfter: not null })
            throw error("expected no 'agreement_after' beside 'multi_label', whose scores of different teachers' labels cannot be set against each other; leave it out");
    }
}
