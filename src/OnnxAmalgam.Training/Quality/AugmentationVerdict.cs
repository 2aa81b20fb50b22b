namespace OnnxAmalgam.Training.Quality;

/// <summary>What an augmentation comes to over all teachers.</summary>
/// <param name="Augmentation">Its name.</param>
/// <param name="IsSafe">Whether no teacher changes its mind too often.</param>
/// <param name="IsCertain">Whether the intervals of the flip rates say so too.</param>
/// <param name="IsUseful">Whether some tap notices it.</param>
/// <param name="WorstFlipRate">The teacher that changes its mind most; null where none has scores.</param>
/// <param name="LargestShift">The tap that moves most; null where no tap tells images apart.</param>
/// <param name="Decoupling">Mean over the taps where it is defined.</param>
public sealed record AugmentationVerdict(string Augmentation, bool IsSafe, bool IsCertain, bool IsUseful, double? WorstFlipRate, double? LargestShift, double? Decoupling)
{
    /// <summary>Labels flip on at most this share of images under a safe augmentation.</summary>
    public const double FlipLimit = 0.05;

    /// <summary>A useful augmentation moves an image's feature by at least this share of the distance to another image's.</summary>
    public const double LeastShift = 0.01;

    /// <summary>In words.</summary>
    public string Text => (IsSafe, IsUseful) switch
    {
        (true, true) => "safe and useful",
        (true, false) => "safe, changes little",
        (false, true) => "not safe: teachers change their minds",
        _ => "not safe, and changes little",
    } + (IsCertain ? "" : "; not certain, take more images");

    /// <summary>Judges every augmentation but <c>none</c>: first the safe and useful, those of high decoupling before others.</summary>
    internal static IReadOnlyList<AugmentationVerdict> Of(IReadOnlyList<QualityRow> rows) =>
    [
        .. rows.Where(r => r.Augmentation != ViewRecipe.Unchanged).GroupBy(r => r.Augmentation, StringComparer.Ordinal).Select(Judge)
            .OrderByDescending(v => v.IsSafe && v.IsUseful).ThenByDescending(v => v.IsSafe).ThenByDescending(v => v.Decoupling ?? double.NegativeInfinity),
    ];

    static AugmentationVerdict Judge(IGrouping<string, QualityRow> rows)
    {
        double? flips = rows.Max(r => r.FlipRate), shift = rows.Max(r => r.Shift);
        bool isSafe = !(flips > FlipLimit);
        bool isCertain = isSafe ? !(rows.Max(r => r.FlipHigh) > FlipLimit) : rows.Max(r => r.FlipLow) > FlipLimit;
        return new(rows.Key, isSafe, isCertain, shift >= LeastShift, flips, shift, rows.Average(r => r.Decoupling));
    }
}
