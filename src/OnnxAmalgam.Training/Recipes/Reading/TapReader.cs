namespace OnnxAmalgam.Training.Recipes.Reading;

/// <summary><c>taps: auto</c>, <c>none</c>, or a list of values, module paths and queries.</summary>
internal static class TapReader
{
    /// <param name="field">The list; null: not stated.</param>
    /// <param name="weighs">Whether taps may have weights.</param>
    public static IReadOnlyList<TapRecipe>? Read(Field? field, bool weighs = false)
    {
        if (field is null || field.Is("auto"))
            return null;
        if (field.Is("none"))
            return [];
        if (!field.IsList)
            throw field.Expected("'auto', 'none', or a list of values, module paths and queries");
        var taps = field.List("values, module paths and queries").Select(f => One(f, weighs)).ToArray();
        if (taps.Count(t => t.Weight is not null) is var weighted && weighted > 0 && weighted < taps.Length)
            throw field.Error($"expected a weight at every tap or at none, got one at {weighted} of {taps.Length}; weighted taps are summed to one feature");
        var twice = taps.GroupBy(t => t.Value, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1);
        return twice is null ? taps : throw field.Error($"expected each tap once, got '{twice.Key}' {twice.Count()} times");
    }

    static TapRecipe One(Field field, bool weighs)
    {
        if (!field.IsMapping)
            return new TapRecipe(field.Text("a value's name, a module path or a query"));
        var s = weighs ? field.Section("value", "layout", "weight") : field.Section("value", "layout");
        return new TapRecipe(
            s.Required("value").Text("a value's name, a module path or a query"),
            s.Optional("layout")?.Word(Words.Layout),
            weighs ? s.Optional("weight")?.PositiveNumber() : null);
    }
}
