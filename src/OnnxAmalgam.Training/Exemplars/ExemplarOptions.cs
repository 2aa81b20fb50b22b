namespace OnnxAmalgam.Training.Exemplars;

/// <summary>What to tell apart before amalgamation.</summary>
/// <param name="Classes">Surrogate classes, a patch each. Published: best about 8,000.</param>
/// <param name="Samples">Transformed patches a class. Published: more than 100 gain nothing.</param>
/// <param name="Epochs">Passes over all of them.</param>
public sealed record ExemplarOptions(int Classes = 1000, int Samples = 64, int Epochs = 5)
{
    /// <summary>Cosine of the teachers' centred features above which two patches are one thing.</summary>
    public double Similarity { get; init; } = 0.9;
}
