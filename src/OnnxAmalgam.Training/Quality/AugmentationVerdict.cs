namespace OnnxAmalgam.Training.Quality;

/// <summary>What an augmentation comes to over all teachers.</summary>
/// <param name="Augmentation">Its name.</param>
/// <param name="IsSafe">Whether no teacher changes its mind too often.</param>
/// <param name="IsCertain">Whether the intervals of the flip rates say so too.</param>
/// <param name="IsUseful">Whether some tap notices it, and the taps tell no more of what is accidental in a picture than without it.</param>
/// <param name="WorstFlipRate">The teacher that changes its mind most; null where none has scores.</param>
/// <param name="LargestShift">The tap that moves most; null where no tap tells images apart.</param>
/// <param name="Decoupling">Mean over the taps where it is defined.</param>
/// <param name="LeakChange">Held-out R^2 of the nuisance probes under it less that without, not below 0 each, mean over taps and nuisances; null where not measured.</param>
public sealed record AugmentationVerdict(string Augmentation, bool IsSafe, bool IsCertain, bool IsUseful, double? WorstFlipRate, double? LargestShift, double? Decoupling, double? LeakChange)
{
    /// <summary>Labels flip on at most this share of images under a safe augmentation.</summary>
    public const double FlipLimit = 0.05;

    /// <summary>A useful augmentation moves an image's feature by at least this share of the distance to another image's.</summary>
    public const double LeastShift = 0.01;

    /// <summary>An augmentation adds a clue if the nuisance leak grows by more than this.</summary>
    public const double LeakLimit = 0.05;

    /// <summary>In words.</summary>
    public string Text => (IsSafe, Notices, AddsClue) switch
    {
        (true, true, false) => "safe and useful",
        (true, true, true) => "safe, but adds a clue: nuisances show more",
        (true, false, _) => "safe, changes little",
        (false, true, _) => "not safe: teachers change their minds",
        _ => "not safe, and changes little",
    } + (IsCertain ? "" : "; not certain, take more images");

    bool Notices => LargestShift >= LeastShift;

    bool AddsClue => LeakChange > LeakLimit;

    /// <summary>Judges every augmentation but <c>none</c>: first the safe and useful, of these first those that take most of the nuisances away, then those of high
    /// decoupling.</summary>
    internal static IReadOnlyList<AugmentationVerdict> Of(IReadOnlyList<QualityRow> rows) =>
    [
        .. rows.Where(r => r.Augmentation != ViewRecipe.Unchanged).GroupBy(r => r.Augmentation, StringComparer.Ordinal).Select(own => Judge(own, rows))
            .OrderByDescending(v => v.IsSafe && v.IsUseful).ThenByDescending(v => v.IsSafe).ThenBy(v => Math.Round(v.LeakChange ?? 0, 2)).ThenByDescending(v => v.Decoupling ?? double.NegativeInfinity),
    ];

    static AugmentationVerdict Judge(IGrouping<string, QualityRow> rows, IReadOnlyList<QualityRow> all)
    {
        double? leak = rows.SelectMany(r => LeakChanges(r, all.FirstOrDefault(n => (n.Teacher, n.Tap, n.Augmentation) == (r.Teacher, r.Tap, ViewRecipe.Unchanged)))).Average();
        double? flips = rows.Max(r => r.FlipRate), shift = rows.Max(r => r.Shift);
        bool isSafe = !(flips > FlipLimit);
        bool isCertain = isSafe ? !(rows.Max(r => r.FlipHigh) > FlipLimit) : rows.Max(r => r.FlipLow) > FlipLimit;
        return new(rows.Key, isSafe, isCertain, shift >= LeastShift && !(leak > LeakLimit), flips, shift, rows.Average(r => r.Decoupling), leak);
    }

    static IEnumerable<double?> LeakChanges(QualityRow row, QualityRow? without) => without is null ? [] : Leaks(row).Zip(Leaks(without), (own, plain) => own - plain);

    static IEnumerable<double?> Leaks(QualityRow row) =>
        new[] { row.LeakBrightness, row.LeakColour, row.LeakOffset, row.LeakBlur }.Select(leak => leak is { } known ? Math.Max(known, 0) : (double?)null);
}
