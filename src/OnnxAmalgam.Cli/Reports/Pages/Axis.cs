using System.Globalization;

namespace OnnxAmalgam.Cli.Reports.Pages;

/// <summary>Numbers laid along a line, and round numbers to mark it with.</summary>
/// <param name="Low">At its beginning.</param>
/// <param name="High">At its end.</param>
internal readonly record struct Axis(double Low, double High)
{
    const int MostMarks = 5;

    /// <summary>Distance of two marks: 1, 2 or 5 times a power of ten.</summary>
    public double Step
    {
        get
        {
            double least = (High - Low) / MostMarks, power = Math.Pow(10, Math.Floor(Math.Log10(least)));
            return power * ((least / power) switch { <= 1 => 1, <= 2 => 2, <= 5 => 5, _ => 10 });
        }
    }

    /// <summary>The round numbers on it.</summary>
    public IEnumerable<double> Marks
    {
        get
        {
            var (step, low, high) = (Step, Low, High);
            int first = (int)Math.Ceiling((low / step) - 1e-9), last = (int)Math.Floor((high / step) + 1e-9);
            return Enumerable.Range(first, last - first + 1).Select(i => i * step);
        }
    }

    /// <summary>Around values, with room at both ends, at least so long.</summary>
    public static Axis Around(IEnumerable<double> values, double least)
    {
        double[] all = [.. values];
        double middle = (all.Min() + all.Max()) / 2, half = Math.Max(least, all.Max() - all.Min()) * 0.55;
        return new(middle - half, middle + half);
    }

    /// <summary>Where a value lies, 0..1; beyond the ends: at them.</summary>
    public double Place(double value) => Math.Clamp((value - Low) / (High - Low), 0, 1);

    /// <summary>A mark in as many digits as the marks need.</summary>
    public string Text(double mark) => mark.ToString($"F{Math.Max(0, (int)Math.Ceiling(-Math.Log10(Step) - 1e-9))}", CultureInfo.InvariantCulture);
}
