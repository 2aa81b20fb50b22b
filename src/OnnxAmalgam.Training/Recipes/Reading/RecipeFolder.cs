namespace OnnxAmalgam.Training.Recipes.Reading;

/// <summary>The folder that a recipe's relative paths start from.</summary>
internal sealed class RecipeFolder(string fullPath)
{
    /// <summary>A path as the recipe states it, made absolute.</summary>
    public string Resolve(Field field, string what) => Path.GetFullPath(field.Text(what), fullPath);
}
