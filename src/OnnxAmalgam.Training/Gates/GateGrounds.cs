namespace OnnxAmalgam.Training.Gates;

/// <summary>What the student's decisions of whose an estimated image is rest on, beside the student.</summary>
/// <param name="Cluster">Its cluster; -1: it was not estimated.</param>
/// <param name="Standing">Each teacher's standardised energy.</param>
internal sealed record GateGrounds(int Cluster, IReadOnlyList<float> Standing)
{
    /// <summary>Of an image that nobody decides anew.</summary>
    public static GateGrounds None { get; } = new(-1, []);
}
