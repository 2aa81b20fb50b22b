using System.Buffers;
using OnnxAmalgam.Training.Recipes.Reading;
using OnnxAmalgam.Training.Recipes.Yaml;

namespace OnnxAmalgam.Training.Recipes;

/// <summary>Reads recipes strictly: an unknown, duplicate or missing key is an error with file, line and the nearest valid key.</summary>
public static class RecipeReader
{
    internal const int MaxNameLength = 100;
    static readonly SearchValues<char> NotInFileNames = SearchValues.Create("/\\:*?\"<>|");

    /// <summary>Reads a recipe file.</summary>
    /// <param name="path">The YAML file; relative paths inside are relative to its folder.</param>
    /// <param name="overrides">Values as of <c>--set a.b=c</c>, applied before reading.</param>
    /// <exception cref="OnnxAmalgam.Graphs.InputException">What is wrong, and where.</exception>
    public static Recipe Read(string path, IReadOnlyList<string>? overrides = null)
    {
        var root = YamlText.ReadFile(path);
        foreach (var argument in overrides ?? [])
            YamlOverride.Apply(root, argument);
        return Interpret(root, new RecipeFolder(Path.GetDirectoryName(Path.GetFullPath(path))!));
    }

    /// <summary>The resolved recipe as YAML: every value stated, absolute paths, keys in a fixed order. Reading it gives an equal recipe.</summary>
    public static string Write(Recipe recipe) => YamlWriter.Write(RecipeTree.Of(recipe));

    static Recipe Interpret(YamlNode root, RecipeFolder folder)
    {
        var s = new Field(root, "").Section("name", "teachers", "student", "data", "augment", "amalgamation", "train");
        var name = Name(s.Required("name"));
        var teachers = ModelReader.Teachers(s.Required("teachers"), folder);
        var student = ModelReader.Student(s.Required("student"), folder);
        var data = DataReader.Read(s.Required("data"), folder, teachers);
        var recipe = new Recipe
        {
            Name = name,
            Teachers = teachers,
            Student = student,
            Data = data,
            Augment = DataReader.Augment(s.Optional("augment")),
            Amalgamation = AmalgamationReader.Read(s.Optional("amalgamation"), data, s.Required("data"), teachers),
            Train = TrainReader.Read(s.Required("train"), folder),
        };
        CheckTaps(recipe, s);
        if (recipe.Amalgamation.ViewsApart && recipe.Augment.Count == 0)
            throw s.Optional("amalgamation")!.Error("expected steps under 'augment' for 'views_apart' to draw, got none");
        if (recipe is { Amalgamation.ViewsApart: true, Train.Cache: { } cache } && cache.Views % 2 == 1 && cache.Views < recipe.Train.Epochs)
            throw s.Required("train").Error($"expected an even number of 'views' in the cache beside 'views_apart', whose pairs take turns, got {cache.Views} for {recipe.Train.Epochs} epochs");
        if (recipe.Amalgamation.Gate.AgreementAfter is { } after && after >= recipe.Train.Epochs)
            throw s.Optional("amalgamation")!.Error($"expected 'agreement_after' below the {recipe.Train.Epochs} epochs, got {after}: the student would never be asked");
        ScoreReader.Check(recipe, (s.Optional("amalgamation") ?? s.Required("teachers")).Error);
        return recipe;
    }

    /// <summary>Terms in the common space and on taps need a student's tap and at least one teacher's.</summary>
    static void CheckTaps(Recipe recipe, Section whole)
    {
        if (!recipe.Amalgamation.NeedsTaps)
            return;
        var use = recipe.Amalgamation.NeedsCommonSpace
            ? "the common space"
            : Words.Quoted(recipe.Amalgamation.Losses.Where(t => t.Reads is TermInput.Taps or TermInput.Levels).Select(Losses.AmalgamationEquation.Name));
        if (recipe.Student.Taps is [])
            throw whole.Required("student").Error($"expected a tap for {use}, got 'taps: none'");
        if (recipe.Teachers.All(t => t.Taps is []))
            throw whole.Required("teachers").Error($"expected a tap for {use} in at least one teacher, got 'taps: none' in all");
    }

    /// <summary>The name becomes a folder's name.</summary>
    static string Name(Field field)
    {
        var name = field.Text("a name");
        return name.Length <= MaxNameLength && name[0] is not '.' and not '-' && !name.AsSpan().ContainsAny(NotInFileNames) && name.Trim() == name
            ? name
            : throw field.Expected($"a name that a folder can have: at most {MaxNameLength} characters, none of / \\ : * ? \" < > |, not starting with '.' or '-'");
    }
}
