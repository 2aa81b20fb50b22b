namespace OnnxAmalgam.Training.Comparison;

/// <summary>Student's t: the interval of a mean over a few runs.</summary>
/// <remarks>mean +- t s / sqrt n with s^2 = sum (x - mean)^2 / (n - 1) and t such that P(|T| &lt; t) = 0.95 with n - 1 degrees of freedom.
/// P is the finite series of Abramowitz and Stegun 26.7.3 and 26.7.4, t is found by bisection.</remarks>
internal static class StudentT
{
    const double Confidence = 0.95;

    /// <summary>Mean and its 95 % interval; no interval for one value.</summary>
    public static (double Mean, double? Low, double? High) Interval(IReadOnlyList<double> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        ArgumentOutOfRangeException.ThrowIfZero(values.Count, nameof(values));
        double mean = values.Average();
        if (values.Count == 1)
            return (mean, null, null);
        double variance = values.Sum(x => (x - mean) * (x - mean)) / (values.Count - 1);
        double half = Bound(values.Count - 1) * Math.Sqrt(variance / values.Count);
        return (mean, mean - half, mean + half);
    }

    /// <summary>t with P(|T| &lt; t) = 0.95.</summary>
    /// <param name="degrees">Degrees of freedom, at least 1.</param>
    public static double Bound(int degrees)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(degrees, 1);
        double low = 0, high = 20;
        for (int i = 0; i < 100; i++)
        {
            double middle = (low + high) / 2;
            (low, high) = Within(middle, degrees) < Confidence ? (middle, high) : (low, middle);
        }

        return (low + high) / 2;
    }

    /// <summary>P(|T| &lt; t).</summary>
    static double Within(double t, int degrees)
    {
        double angle = Math.Atan(t / Math.Sqrt(degrees)), sine = Math.Sin(angle), cosine = Math.Cos(angle);
        bool odd = degrees % 2 == 1;
        double term = odd ? cosine : 1, sum = degrees == 1 ? 0 : term;
        for (int k = odd ? 3 : 2; k <= degrees - 2; k += 2)
        {
            term *= cosine * cosine * (k - 1) / k;
            sum += term;
        }

        return odd ? 2 / Math.PI * (angle + (sine * sum)) : sine * sum;
    }
}
