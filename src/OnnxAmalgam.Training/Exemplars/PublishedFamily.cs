namespace OnnxAmalgam.Training.Exemplars;

/// <summary>The transformations that make a surrogate class of one patch, with their published magnitudes.</summary>
/// <remarks>
/// Translation to 0.2 of the patch each way; scale 0.7 to 1.4; rotation to 20 degrees; each colour component times 0.5 to 2; saturation and
/// value each to a power of 0.25 to 4, times 0.7 to 1.4, plus -0.1 to 0.1; hue plus -0.1 to 0.1 (Dosovitskiy et al., arXiv 1406.6909).
/// How values are distributed is not stated there: here shifts, angles and offsets are uniform, factors and powers uniform in their
/// logarithm, so that more and less are alike. The blur of their matching experiments is not among them.
/// </remarks>
internal static class PublishedFamily
{
    /// <summary>Number of values drawn.</summary>
    const int Values = 14;

    /// <summary>The k-th transformation of a class: a function of (seed, class, k) and the strength alone.</summary>
    /// <param name="seed">The seed.</param>
    /// <param name="surrogate">The class.</param>
    /// <param name="sample">k.</param>
    /// <param name="strength">Multiplies what is added, and is the exponent of what is multiplied: 0 is no change, 1 as published.</param>
    public static PatchTransformation Draw(long seed, int surrogate, int sample, double strength = 1)
    {
        var stream = Randomness.StreamOf("exemplar/transformation");
        double Unit(int value) => Randomness.ToUnit(Randomness.Draw(seed, stream, surrogate, ((long)sample * Values) + value));
        double Within(int value, double bound) => strength * bound * ((2 * Unit(value)) - 1);
        double Factor(int value, double least, double most) => Math.Pow(least * Math.Pow(most / least, Unit(value)), strength);
        ToneCurve Tone(int first) => new(Factor(first, 0.25, 4), Factor(first + 1, 0.7, 1.4), Within(first + 2, 0.1));
        return new()
        {
            Right = Within(0, 0.2),
            Down = Within(1, 0.2),
            Scale = Factor(2, 0.7, 1.4),
            Angle = Within(3, 20),
            Components = (Factor(4, 0.5, 2), Factor(5, 0.5, 2), Factor(6, 0.5, 2)),
            Saturation = Tone(7),
            Value = Tone(10),
            Hue = Within(13, 0.1),
        };
    }
}
