namespace OnnxAmalgam.Training.Recipes.Reading;

/// <summary>Teachers and the student.</summary>
internal static class ModelReader
{
    /// <summary>Names that no teacher may have: recipes and figures mean something else by them.</summary>
    internal static readonly string[] Reserved = ["none", "student", "concatenated", "union"];

    public static IReadOnlyList<TeacherRecipe> Teachers(Field field, RecipeFolder folder)
    {
        var fields = field.List("teachers");
        var teachers = fields.Select(f => Teacher(f, folder)).ToArray();
        for (var i = 0; i < teachers.Length; i++)
            if (Array.FindIndex(teachers, t => t.Name == teachers[i].Name) is var first && first < i)
                throw fields[i].Error($"expected a name of its own, got '{teachers[i].Name}' as teachers.{first}; give one of them another 'name'");
        return teachers.Any(t => !t.FeaturesOnly) ? teachers : throw field.Error("expected at least one teacher with scores, got 'logits: none' for all");
    }

    static TeacherRecipe Teacher(Field field, RecipeFolder folder)
    {
        var s = field.Section("name", "model", "logits", "scores", "taps", "weight", "input", "labels");
        var model = folder.Resolve(s.Required("model"), "an .onnx file");
        var logits = s.Optional("logits") is { } named && !named.Is("auto") ? named.Text("a value's name, 'auto' or 'none'") : null;
        var labels = s.Optional("labels") is { } stated && !stated.Is("metadata") ? stated : null;
        if (labels is not null && logits == "none")
            throw labels.Error("expected no labels, because 'logits: none' makes this teacher features only");
        return new TeacherRecipe
        {
            Name = Name(s.Optional("name"), model, field),
            Model = model,
            Logits = logits,
            Scores = ScoreReader.Read(s.Optional("scores"), logits),
            Taps = TapReader.Read(s.Optional("taps"), weighs: true),
            Weight = s.Optional("weight")?.NonNegativeNumber() ?? 1,
            Input = InputReader.Read(s.Optional("input")),
            Labels = labels is null ? null : LabelReader.Read(labels, folder),
        };
    }

    static string Name(Field? field, string model, Field teacher)
    {
        var name = field?.Text("a name") ?? Path.GetFileNameWithoutExtension(model);
        if (Reserved.Contains(name, StringComparer.Ordinal))
            throw (field ?? teacher).Error($"expected another name than {Words.Quoted(Reserved)}, got '{name}'; state a 'name'");
        return name;
    }

    public static StudentRecipe Student(Field field, RecipeFolder folder)
    {
        var s = field.Section("model", "taps", "input", "head", "weights", "normalisation");
        var model = s.Required("model");
        var fromZoo = model.Text("'zoo:NAME(...)' or an .onnx file").StartsWith("zoo:", StringComparison.Ordinal);
        var weights = s.Optional("weights");
        if (fromZoo && weights?.Word(Words.Weights) == WeightsMode.Keep)
            throw weights.Expected("'random', because a zoo student has no weights to keep");
        return new StudentRecipe
        {
            Model = fromZoo ? model.Text("a model") : folder.Resolve(model, "an .onnx file"),
            Taps = TapReader.Read(s.Optional("taps")),
            Input = InputReader.Read(s.Optional("input")),
            Head = s.Optional("head")?.Word(Words.Head) ?? HeadMode.Replace,
            Weights = weights?.Word(Words.Weights) ?? (fromZoo ? WeightsMode.Random : WeightsMode.Keep),
            Normalisation = NormalisationReader.Read(s.Optional("normalisation")),
        };
    }
}
