using System.Globalization;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Queries;

namespace OnnxAmalgam.Training.Recipes.Reading;

/// <summary><c>train.groups</c>.</summary>
internal static class GroupReader
{
    public static IReadOnlyList<GroupRecipe> Read(Field? field) => field is null ? [] : [.. field.List("parameter groups", min: 0).Select(One)];

    static GroupRecipe One(Field field)
    {
        var s = field.Section("query", "learning_rate", "weight_decay", "freeze", "initialise");
        var query = s.Required("query");
        var group = new GroupRecipe(Text(query))
        {
            LearningRate = s.Optional("learning_rate") is { } rate ? Rate(rate) : null,
            WeightDecay = s.Optional("weight_decay")?.NonNegativeNumber(),
            Freeze = s.Optional("freeze")?.Switch(),
            Initialise = s.Optional("initialise") is { } first ? First(first) : null,
        };
        return group is { LearningRate: null, WeightDecay: null, Freeze: null, Initialise: null }
            ? throw s.Missing("one of 'learning_rate', 'weight_decay', 'freeze', 'initialise' beside the query")
            : group;
    }

    static string Text(Field field)
    {
        var text = field.Text("a query");
        try
        {
            return Query.Parse(text).Text;
        }
        catch (InputException e)
        {
            throw field.Error(e.Message);
        }
    }

    /// <summary><c>0.1x</c> or <c>1e-3</c>.</summary>
    static GroupRate Rate(Field field)
    {
        const string expected = "a number above 0, or a factor such as 0.1x";
        if (field.IsList || field.IsMapping)
            throw field.Expected(expected);
        var text = field.Text(expected);
        var isFactor = text.EndsWith('x');
        return double.TryParse(isFactor ? text[..^1] : text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value) && value > 0
            ? new GroupRate(value, isFactor)
            : throw field.Expected(expected);
    }

    static FirstWeights First(Field field) => field.Is("true") ? FirstWeights.Default : field.Is("false") ? FirstWeights.Keep : field.Word(Words.First);
}
