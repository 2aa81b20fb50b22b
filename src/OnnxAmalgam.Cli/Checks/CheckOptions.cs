using OnnxAmalgam.Training.Evaluation;

namespace OnnxAmalgam.Cli.Checks;

/// <summary>How to check.</summary>
/// <param name="Steps">Training steps; 0: forward only.</param>
/// <param name="Shapes">Sizes of dimensions that files leave free.</param>
/// <param name="Images">A folder of images to feed instead of noise, or null.</param>
/// <param name="Seed">Seeds noise and targets.</param>
/// <param name="Threads">Threads within an operator.</param>
internal sealed record CheckOptions(int Steps, IReadOnlyList<ShapeRequest> Shapes, string? Images, long Seed, int Threads)
{
    /// <summary>Size of a free first axis.</summary>
    public const int Batch = 2;
}
