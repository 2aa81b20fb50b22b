namespace OnnxAmalgam.Training.Drafting;

/// <summary>What a recipe is drafted from.</summary>
/// <param name="Teachers">Paths of .onnx files, at least one.</param>
/// <param name="Data">Where images are, at least one.</param>
/// <param name="Folder">The folder the recipe will lie in: its paths are relative to it.</param>
public sealed record DraftRequest(IReadOnlyList<string> Teachers, IReadOnlyList<string> Data, string Folder)
{
    /// <summary>The recipe's name; null: made of the teachers' names.</summary>
    public string? Name { get; init; }

    /// <summary>Most parameters the student may have; null: as many as the largest teacher.</summary>
    public long? Parameters { get; init; }
}
