namespace OnnxAmalgam.Training.Comparison;

/// <summary>The bootstrap over images: all methods are measured on each resample, so that an image that is hard for all counts for all.</summary>
/// <remarks>Efron, Annals of Statistics 7 (1979); percentile intervals. Draws are counter based: the same seed gives the same resamples
/// whatever is compared. It tells how the figures vary with the images, not with the seed of training.</remarks>
public static class PairedBootstrap
{
    /// <summary>Number of resamples.</summary>
    public const int Resamples = 10_000;

    /// <summary>The 95 % interval of accuracy_a - accuracy_b for each pair a &lt; b, in the order (0, 1), (0, 2), ..., (1, 2), ...</summary>
    /// <param name="rights">For each method and image how many of the method's runs are right, the images in one order.</param>
    /// <param name="runs">Of each method.</param>
    /// <param name="seed">Of the draws.</param>
    /// <param name="resamples">How many.</param>
    public static IReadOnlyList<(double Low, double High)> Differences(IReadOnlyList<int[]> rights, int runs, long seed, int resamples = Resamples)
    {
        ArgumentNullException.ThrowIfNull(rights);
        int methods = rights.Count, images = rights[0].Length;
        (int A, int B)[] pairs = [.. Enumerable.Range(0, methods).SelectMany(a => Enumerable.Range(a + 1, methods - a - 1).Select(b => (a, b)))];
        double[][] differences = [.. pairs.Select(_ => new double[resamples])];
        ulong stream = Randomness.StreamOf("bootstrap");
        var sums = new long[methods];
        for (int resample = 0; resample < resamples; resample++)
        {
            Array.Clear(sums);
            for (int i = 0; i < images; i++)
            {
                int image = Randomness.ToInt(Randomness.Draw(seed, stream, resample, i), images);
                for (int m = 0; m < methods; m++)
                    sums[m] += rights[m][image];
            }

            for (int p = 0; p < pairs.Length; p++)
                differences[p][resample] = (double)(sums[pairs[p].A] - sums[pairs[p].B]) / ((long)images * runs);
        }

        return [.. differences.Select(Interval)];
    }

    static (double Low, double High) Interval(double[] values)
    {
        Array.Sort(values);
        int cut = (int)(0.025 * values.Length);
        return (values[cut], values[^(cut + 1)]);
    }
}
