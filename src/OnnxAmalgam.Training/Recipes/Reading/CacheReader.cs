namespace OnnxAmalgam.Training.Recipes.Reading;

/// <summary><c>train.cache:</c>.</summary>
internal static class CacheReader
{
    public static CacheRecipe? Read(Field? field, RecipeFolder folder)
    {
        if (field is null || field.Is("none"))
            return null;
        var s = field.Section("folder", "views", "dtype", "max_size", "seed");
        var start = new CacheRecipe { Folder = folder.Resolve(s.Required("folder"), "a folder") };
        return start with
        {
            Views = s.Optional("views")?.WholeNumber(1, 1_000_000) ?? start.Views,
            Dtype = s.Optional("dtype")?.Word(Words.CacheDtype) ?? start.Dtype,
            MaxBytes = s.Optional("max_size") is { } size ? Bytes(size) : start.MaxBytes,
            Seed = s.Optional("seed")?.WholeNumber(0L) ?? start.Seed,
        };
    }

    static long Bytes(Field field) => ByteSize.Parse(field.Text("a size")) ?? throw field.Expected("a size as 500MB, 4GB or 1TB");
}
