namespace OnnxAmalgam.Training.Recipes.Reading;

/// <summary><c>taps: auto</c>, <c>none</c>, or a list of values, module paths and queries.</summary>
internal static class TapReader
{
    public static IReadOnlyList<TapRecipe>? Read(Field? field)
    {
        if (field is null || field.Is("auto"))
            return null;
        if (field.Is("none"))
            return [];
        if (!field.IsList)
            throw field.Expected("'auto', 'none', or a list of values, module paths and queries");
        var taps = field.List("values, module paths and queries").Select(One).ToArray();
        var twice = taps.GroupBy(t => t.Value, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1);
        return twice is null ? taps : throw field.Error($"expected each tap once, got '{twice.Key}' {twice.Count()} times");
    }

    static TapRecipe One(Field field)
    {
        if (!field.IsMapping)
            return new TapRecipe(field.Text("a value's name, a module path or a query"));
        var s = field.Section("value", "layout");
        return new TapRecipe(s.Required("value").Text("a value's name, a module path or a query"), s.Optional("layout")?.Word(Words.Layout));
    }
}
