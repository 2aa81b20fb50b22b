using System.Globalization;
using System.Xml.Linq;
using OnnxAmalgam.Training.Comparison;
using OnnxAmalgam.Training.Recipes;
using static OnnxAmalgam.Cli.Reports.Pages.Html;

namespace OnnxAmalgam.Cli.Reports.Pages;

/// <summary>What was held equal between methods and what was not.</summary>
internal static class RecipeSection
{
    /// <summary>Keys that say nothing of the method.</summary>
    static readonly string[] Own = ["name", "train.seed"];

    /// <summary>Equal keys worth being said.</summary>
    static readonly string[] Said = ["student.model", "train.epochs", "train.batch", "train.optimizer", "train.learning_rate", "train.weight_decay", "train.precision", "train.select"];

    /// <summary>The section.</summary>
    public static XElement Of(IReadOnlyList<(Recipe Recipe, IReadOnlyList<MethodRun> Runs)> methods)
    {
        var keys = RecipeDifference.Among([.. methods.Select(m => m.Recipe)]).Where(k => !Own.Contains(k.Path)).ToLookup(k => k.Values.All(v => v == k.Values[0]));
        var said = keys[true].Where(k => Said.Contains(k.Path)).ToArray();
        return Html.Of("section", Html.Of("h2", "What was held equal"),
            Html.Of("p", string.Create(CultureInfo.InvariantCulture, $"{keys[true].Count()} values are the same in every recipe, {said.Length} of them:")),
            Html.Of("dl", said.Select(k => new object[] { Html.Of("dt", Html.Of("code", k.Path)), Html.Of("dd", Word(k.Values[0])) }).ToArray()),
            Html.Of("h2", "In what the recipes differ"), Differences(methods, [.. keys[false]]));
    }

    static XElement Differences(IReadOnlyList<(Recipe Recipe, IReadOnlyList<MethodRun> Runs)> methods, IReadOnlyList<RecipeKey> keys)
    {
        if (keys.Count == 0)
            return Html.Of("p", methods.Count == 1 ? "There is one recipe." : "In nothing but their names.");
        XElement table = Table(["key", .. methods.Select(m => m.Recipe.Name)], keys.Select(k => Row(Html.Of("code", k.Path), k.Values.Select(Word))));
        table.Element("table")!.Add(Has("class", "words"));
        return table;
    }

    static string Word(string? value) => value switch { null => "–", "" => "empty", _ => value };
}
