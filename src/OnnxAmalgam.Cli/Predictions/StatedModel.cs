using System.Globalization;
using OnnxAmalgam.Cli.Shell;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Metadata;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Cli.Predictions;

/// <summary>A model file together with what is stated of it: by itself, or by a recipe.</summary>
internal static class StatedModel
{
    /// <summary>The model as a teacher: what the recipe states comes before the model's metadata.</summary>
    /// <param name="file">An .onnx file.</param>
    /// <param name="recipe">A recipe's path, or null.</param>
    /// <param name="teacher">Which of its teachers the file is; null: the one with that file.</param>
    /// <param name="session">Told what is assumed.</param>
    /// <exception cref="InputException">Neither says how the model is fed.</exception>
    public static TeacherRecipe Open(string file, string? recipe, string? teacher, Session session)
    {
        var model = OnnxModel.Load(file);
        var stated = recipe is null ? FromMetadata(model) : FromRecipe(model, recipe, teacher);
        if (stated.Labels is not null || ModelMetadata.Labels(model) is not null)
            return stated;
        if (Anatomy.Logits(model, stated.Logits).Classes is not { } classes)
            return stated;
        session.Note($"'{file}' does not name its classes: their numbers are shown");
        return stated with { Labels = [.. Enumerable.Range(0, classes).Select(i => i.ToString(CultureInfo.InvariantCulture))] };
    }

    static TeacherRecipe FromMetadata(OnnxModel model) => ModelMetadata.Input(model) is not null
        ? new TeacherRecipe { Name = "model", Model = model.Path!, Scores = ScoreMetadata.Of(model) }
        : throw new InputException($"'{model.Name}': expected preprocessing (scale, mean, std) in the model's metadata, got none; state it under input: in a recipe and run: onnx-amalgam predict MODEL IMAGE --recipe RECIPE [--as TEACHER]");

    static TeacherRecipe FromRecipe(OnnxModel model, string path, string? name)
    {
        var teachers = RecipeReader.Read(path).Teachers;
        var names = string.Join(", ", teachers.Select(t => $"'{t.Name}'"));
        var found = name is null ? teachers.FirstOrDefault(t => t.Model == model.Path) : teachers.FirstOrDefault(t => t.Name == name);
        if (found is null)
            throw new InputException(name is null
                ? $"{path}: expected a teacher with the file '{model.Path}', got none; say which it is with --as TEACHER ({names})"
                : $"--as {name}: expected a teacher of {path} ({names}), got '{name}'{NearestName.Hint(name, teachers.Select(t => t.Name))}");
        return found.FeaturesOnly
            ? throw new InputException($"{path}: expected a teacher with scores, got 'logits: none' for '{found.Name}'")
            : found with { Model = model.Path! };
    }
}
