namespace OnnxAmalgam.Tests.Shared;

/// <summary>Committed files that must equal what the code gives. A missing one fails; UPDATE_GOLDEN=1 writes them anew.</summary>
internal static class Golden
{
    /// <summary>Compares a file of the repository with a text, line by line.</summary>
    public static void Equal(string text, params string[] path)
    {
        var (name, file) = (string.Join('/', path), Path.Combine([Repository.Root, .. path]));
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1") File.WriteAllText(file, text);
        Assert.True(File.Exists(file), $"no golden '{name}'; UPDATE_GOLDEN=1 writes it");
        string[] committed = File.ReadAllLines(file), made = text.TrimEnd('\n').Split('\n');
        var differs = Enumerable.Range(0, Math.Max(committed.Length, made.Length)).FirstOrDefault(i => committed.ElementAtOrDefault(i) != made.ElementAtOrDefault(i), -1);
        Assert.True(differs < 0, $"'{name}', line {differs + 1}: expected '{made.ElementAtOrDefault(differs)}', got '{committed.ElementAtOrDefault(differs)}'; UPDATE_GOLDEN=1 writes it anew");
    }
}
