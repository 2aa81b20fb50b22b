namespace OnnxAmalgam.Graphs.Files;

/// <summary>Paths as people give them.</summary>
static class FullPath
{
    /// <summary>The path from the root.</summary>
    /// <exception cref="InputException">The text is no path: empty, or with a zero character.</exception>
    public static string Of(string path)
    {
        try
        {
            return Path.GetFullPath(path);
        }
        catch (ArgumentException e)
        {
            throw new InputException($"'{path.Replace("\0", "\\0", StringComparison.Ordinal)}': expected the path of a file, got text that cannot be one", e);
        }
    }
}
