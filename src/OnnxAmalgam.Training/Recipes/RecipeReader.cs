namespace OnnxAmalgam.Training.Recipes;

/// <summary>Reads recipes strictly: an unknown, duplicate or missing key is an error with file, line and the nearest valid key.</summary>
public static class RecipeReader
{
    /// <summary>Reads a recipe file.</summary>
    /// <param name="path">The YAML file; relative paths inside are relative to its folder.</param>
    /// <param name="overrides">Values as of <c>--set a.b=c</c>, applied before reading.</param>
    /// <exception cref="OnnxAmalgam.Graphs.InputException">What is wrong, and where.</exception>
    public static Recipe Read(string path, IReadOnlyList<string>? overrides = null) => throw new NotImplementedException();

    /// <summary>The resolved recipe as YAML: every value stated, absolute paths, keys in a fixed order. Reading it gives an equal recipe.</summary>
    public static string Write(Recipe recipe) => throw new NotImplementedException();
}
