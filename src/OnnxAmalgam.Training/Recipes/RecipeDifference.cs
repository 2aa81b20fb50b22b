using System.Globalization;
using System.Text.RegularExpressions;
using OnnxAmalgam.Training.Recipes.Yaml;

namespace OnnxAmalgam.Training.Recipes;

/// <summary>A value that two recipes do not share.</summary>
/// <param name="Path">Keys and list indices as <c>--set</c> takes them: <c>train.epochs</c>.</param>
/// <param name="First">The first recipe's value; null: it states none.</param>
/// <param name="Second">The second recipe's value; null: it states none.</param>
public sealed partial record RecipeDifference(string Path, string? First, string? Second)
{
    /// <summary>Every difference between two resolved recipes, in the order in which recipes are written; none when they are equal.</summary>
    public static IReadOnlyList<RecipeDifference> Between(Recipe first, Recipe second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        var (a, b) = (Leaves(first), Leaves(second));
        return [.. a.Keys.Union(b.Keys, StringComparer.Ordinal)
            .Where(path => a.GetValueOrDefault(path) != b.GetValueOrDefault(path))
            .Select(path => new RecipeDifference(path, a.GetValueOrDefault(path), b.GetValueOrDefault(path)))];
    }

    /// <summary>Every key that any of some resolved recipes states, in the order in which recipes are written; loss terms go by name,
    /// not by index, and a list of texts or numbers is one value.</summary>
    public static IReadOnlyList<RecipeKey> Among(IReadOnlyList<Recipe> recipes)
    {
        ArgumentNullException.ThrowIfNull(recipes);
        var all = recipes.Select(r => Leaves(r, joinsLists: true).ToDictionary(l => TermIndex().Replace(l.Key, "$1"), l => l.Value, StringComparer.Ordinal)).ToArray();
        return [.. all.SelectMany(leaves => leaves.Keys).Distinct(StringComparer.Ordinal).Select(path => new RecipeKey(path, [.. all.Select(leaves => leaves.GetValueOrDefault(path))]))];
    }

    /// <summary>For a message: <c>train.epochs (200, now 300)</c>.</summary>
    public override string ToString()
    {
        return $"{Path} ({Word(First)}, now {Word(Second)})";

        static string Word(string? value) => value switch { null => "none", "" => "empty", _ => value };
    }

    [GeneratedRegex(@"^(amalgamation\.losses\.)[0-9]+\.")]
    private static partial Regex TermIndex();

    static Dictionary<string, string> Leaves(Recipe recipe, bool joinsLists = false)
    {
        var leaves = new Dictionary<string, string>(StringComparer.Ordinal);
        Collect(RecipeTree.Of(recipe), "", leaves, joinsLists);
        return leaves;
    }

    static void Collect(YamlNode node, string path, Dictionary<string, string> leaves, bool joinsLists)
    {
        string Inside(string key) => path.Length == 0 ? key : $"{path}.{key}";
        switch (node)
        {
            case YamlScalar scalar:
                leaves.Add(path, scalar.Text);
                break;
            case YamlSequence { Items.Count: 0 } or YamlMapping { Entries.Count: 0 }:
                leaves.Add(path, "");
                break;
            case YamlSequence { Items: var items } when joinsLists && items.All(i => i is YamlScalar):
                leaves.Add(path, string.Join(", ", items.Cast<YamlScalar>().Select(i => i.Text)));
                break;
            case YamlSequence sequence:
                for (var i = 0; i < sequence.Items.Count; i++)
                    Collect(sequence.Items[i], Inside(i.ToString(CultureInfo.InvariantCulture)), leaves, joinsLists);
                break;
            case YamlMapping mapping:
                foreach (var (key, value) in mapping.Entries)
                    Collect(value, Inside(key.Text), leaves, joinsLists);
                break;
        }
    }
}

/// <summary>A key and what each of several recipes says.</summary>
/// <param name="Path">Its path.</param>
/// <param name="Values">A value a recipe; null: it states none.</param>
public sealed record RecipeKey(string Path, IReadOnlyList<string?> Values);
