using OnnxAmalgam.Tests.Shared;

namespace OnnxAmalgam.Trainable.Tests;

/// <summary>Committed files that must equal what the code gives. A missing one fails.</summary>
internal static class Golden
{
    const string Variable = "ONNX_AMALGAM_GOLDEN";

    /// <summary>How such files are written anew.</summary>
    public const string Remedy = $"{Variable}=write dotnet test --project tests/OnnxAmalgam.Trainable.Tests";

    public static void Equal(string text, params string[] path)
    {
        var file = Path.Combine([Repository.Root, .. path]);
        if (Environment.GetEnvironmentVariable(Variable) == "write") File.WriteAllText(file, text);
        Assert.True(File.Exists(file), $"{string.Join('/', path)} is missing; {Remedy} writes it");
        string[] committed = File.ReadAllLines(file), made = text.TrimEnd('\n').Split('\n');
        var differs = Enumerable.Range(0, Math.Max(committed.Length, made.Length)).FirstOrDefault(i => committed.ElementAtOrDefault(i) != made.ElementAtOrDefault(i), -1);
        Assert.True(differs < 0, $"{string.Join('/', path)}, line {differs + 1}: expected '{made.ElementAtOrDefault(differs)}', got '{committed.ElementAtOrDefault(differs)}'; {Remedy} writes it anew");
    }
}
