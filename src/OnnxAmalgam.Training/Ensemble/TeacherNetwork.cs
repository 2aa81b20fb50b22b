using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Metadata;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Ensemble;

/// <summary>A teacher's file and what is read of it, before anything runs.</summary>
/// <param name="Recipe">What the recipe says of it.</param>
/// <param name="Model">The whole graph.</param>
/// <param name="Logits">Its scores; null for a features-only teacher.</param>
/// <param name="Taps">Values read beside the scores.</param>
/// <param name="Input">What it is fed.</param>
sealed record TeacherNetwork(TeacherRecipe Recipe, OnnxModel Model, LogitsOutput? Logits, IReadOnlyList<Tap> Taps, InputDescription Input)
{
    /// <summary>The values a session computes, each once: scores, then taps, of which one may be the scores.</summary>
    public string[] Outputs => [.. Read.Distinct(StringComparer.Ordinal)];

    IEnumerable<string> Read => [.. Logits is null ? [] : new[] { Logits.Value }, .. Taps.Select(t => t.Value)];

    /// <summary>Where in <see cref="Outputs"/> what is read lies: the scores, then each tap.</summary>
    public int[] Places
    {
        get
        {
            string[] names = Outputs;
            return [.. Read.Select(name => Array.IndexOf(names, name))];
        }
    }

    /// <summary>Class names in output order: the recipe's, else the file's.</summary>
    /// <param name="classes">Number of scores.</param>
    /// <exception cref="InputException">None are known, as many as there are scores are not, or two are equal.</exception>
    public IReadOnlyList<string> Labels(long classes)
    {
        IReadOnlyList<string> labels = Recipe.Labels ?? ModelMetadata.Labels(Model)
            ?? throw new InputException($"teacher '{Recipe.Name}': expected class names in the recipe, beside the model or in its metadata, got none; add labels: [..] to the teacher");
        if (classes != labels.Count)
        {
            throw new InputException($"teacher '{Recipe.Name}', output '{Logits!.Value}': expected {classes} labels, one a score, got {labels.Count}; correct labels: in the recipe");
        }

        return labels.Distinct(StringComparer.Ordinal).Count() == labels.Count
            ? labels
            : throw new InputException($"teacher '{Recipe.Name}': expected distinct labels, got {string.Join(", ", labels.GroupBy(l => l, StringComparer.Ordinal).Where(g => g.Count() > 1).Select(g => $"'{g.Key}' {g.Count()} times"))}; rename them");
    }

    /// <summary>Loads the file and finds scores and taps.</summary>
    /// <exception cref="InputException">Bad file, unknown tap, or nothing to read.</exception>
    public static TeacherNetwork Load(TeacherRecipe recipe, bool withTaps)
    {
        OnnxModel model = OnnxModel.Load(recipe.Model);
        LogitsOutput? logits = recipe.FeaturesOnly ? null : Anatomy.Logits(model, recipe.Logits);
        IReadOnlyList<Tap> taps = ModelInput.Taps(model, recipe.Taps, withTaps);
        return logits is null && taps.Count == 0
            ? throw new InputException($"teacher '{recipe.Name}': expected scores or features to be used, got logits: none and no loss term that reads features; add mmd, reconstruction or cosine, or remove the teacher")
            : new TeacherNetwork(recipe, model, logits, taps, ModelInput.Describe(model, recipe.Input, $"teacher '{recipe.Name}'"));
    }
}
