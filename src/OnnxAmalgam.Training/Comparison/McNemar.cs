namespace OnnxAmalgam.Training.Comparison;

/// <summary>McNemar's test: do two classifiers differ in how many of the same images they get right?</summary>
/// <remarks>Of the b + c images that exactly one gets right, b ~ Binomial(b + c, 1/2) if they do not; p = min(1, 2 P(X &lt;= min(b, c))).
/// McNemar, Psychometrika 12 (1947). The exact form is used for every count: the usual chi-square is its approximation for many images.</remarks>
internal static class McNemar
{
    /// <summary>The two-sided p.</summary>
    /// <param name="first">Images that only the first gets right.</param>
    /// <param name="second">Images that only the second gets right.</param>
    public static double P(int first, int second)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfNegative(second);
        int n = first + second;
        double term = -n * Math.Log(2), sum = 0;
        for (int k = 0; k <= Math.Min(first, second); k++)
        {
            sum += Math.Exp(term);
            term += Math.Log((double)(n - k) / (k + 1));
        }

        return Math.Min(1, 2 * sum);
    }
}
