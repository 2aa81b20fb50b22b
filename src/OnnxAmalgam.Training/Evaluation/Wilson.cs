namespace OnnxAmalgam.Training.Evaluation;

/// <summary>Wilson's score interval for a share.</summary>
/// <remarks>(p + z^2/2n +- z sqrt(p (1 - p)/n + z^2/4n^2)) / (1 + z^2/n), z = 1.959964 for 95 %. E. B. Wilson, JASA 22 (1927).
/// Unlike the normal interval it stays within 0..1 and is not empty at p = 0 or 1.</remarks>
public static class Wilson
{
    const double Z = 1.959963984540054;

    /// <summary>The 95 % interval of hits among n.</summary>
    /// <param name="hits">0..n.</param>
    /// <param name="n">At least 1.</param>
    public static (double Low, double High) Interval(long hits, long n)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(n, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(hits, n);
        ArgumentOutOfRangeException.ThrowIfNegative(hits);
        var p = (double)hits / n;
        var spread = Z * Z / n;
        var center = p + spread / 2;
        var half = Z * Math.Sqrt(p * (1 - p) / n + spread / (4 * n));
        return (hits == 0 ? 0 : (center - half) / (1 + spread), hits == n ? 1 : (center + half) / (1 + spread));
    }
}
