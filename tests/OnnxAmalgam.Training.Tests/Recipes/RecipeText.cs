using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Tests.Recipes;

/// <summary>A temporary folder with a recipe in it.</summary>
internal sealed class RecipeText : IDisposable
{
    /// <summary>The shortest recipe that is complete.</summary>
    public const string Minimal = """
        name: pair
        teachers:
          - model: a.onnx
          - {model: b.onnx, name: second}
        student: {model: "zoo:resnet(widths=[8], blocks=[1])"}
        data:
          unlabelled:
            - {folder: photos, domain: a}
            - {folder: scans, domain: second}
        train: {epochs: 3}
        """;

    public RecipeText()
    {
        Folder = Path.Combine(Path.GetTempPath(), $"recipe-{Guid.NewGuid():N}");
        Directory.CreateDirectory(Folder);
    }

    public string Folder { get; }

    public string Inside(string name) => Path.Combine(Folder, name);

    public string Write(string text, string name = "recipe.yaml")
    {
        File.WriteAllText(Inside(name), text);
        return Inside(name);
    }

    public Recipe Read(string text, params string[] overrides) => RecipeReader.Read(Write(text), overrides);

    /// <summary>The message of a recipe that must be refused, with the folder cut away.</summary>
    public string Refused(string text, params string[] overrides) =>
        Assert.Throws<InputException>(() => Read(text, overrides)).Message.Replace(Folder + Path.DirectorySeparatorChar, "", StringComparison.Ordinal);

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
