namespace OnnxAmalgam.Training.Quality;

/// <summary>One teacher's tap under one augmentation, on the teacher's own images.</summary>
/// <param name="Teacher">Its name.</param>
/// <param name="Tap">The value; features are averaged over positions.</param>
/// <param name="Augmentation"><c>none</c>, a step, or <c>all</c> of the recipe's steps.</param>
/// <param name="Images">How many images.</param>
/// <param name="Alignment">Mean squared distance of two views on the unit sphere.</param>
/// <param name="Shift">The same as a share of the distance of different images; null where those coincide.</param>
/// <param name="Uniformity">Log of the mean Gaussian similarity of different images.</param>
/// <param name="RankMe">Effective rank.</param>
/// <param name="Channels">Number of units, the bound of the rank.</param>
/// <param name="Sparsity">Share of values that are not above zero.</param>
/// <param name="Correlation">Mean correlation of a unit between two views; null where every unit is constant.</param>
/// <param name="Decoupling">Correlation over units of sparsity and agreement between views; null where it is not defined.</param>
/// <param name="FlipRate">Share of images whose top label changes; null for a teacher without scores.</param>
/// <param name="FlipLow">Lower end of its 95 % interval.</param>
/// <param name="FlipHigh">Its upper end.</param>
public sealed record QualityRow(
    string Teacher, string Tap, string Augmentation, int Images, double Alignment, double? Shift, double Uniformity, double RankMe, int Channels,
    double Sparsity, double? Correlation, double? Decoupling, double? FlipRate, double? FlipLow, double? FlipHigh)
{
    /// <summary>Held-out R^2 of a linear probe from the tap to the picture's mean brightness before the augmentation; null: too few images.</summary>
    public double? LeakBrightness { get; init; }

    /// <summary>The same to its mean colour; null also where all pictures are grey.</summary>
    public double? LeakColour { get; init; }

    /// <summary>The same to how far the picture was moved.</summary>
    public double? LeakOffset { get; init; }

    /// <summary>The same to how much it was blurred.</summary>
    public double? LeakBlur { get; init; }

    /// <summary>Names of the columns, in order.</summary>
    public static IReadOnlyList<string> Columns { get; } =
        ["teacher", "tap", "augmentation", "images", "alignment", "shift", "uniformity", "rankme", "channels", "sparsity", "correlation", "decoupling", "flip_rate", "flip_low", "flip_high", "leak_brightness", "leak_colour", "leak_offset", "leak_blur"];

    /// <summary>The values under <see cref="Columns"/>.</summary>
    internal IReadOnlyList<object?> Values =>
        [Teacher, Tap, Augmentation, Images, Alignment, Shift, Uniformity, RankMe, Channels, Sparsity, Correlation, Decoupling, FlipRate, FlipLow, FlipHigh, LeakBrightness, LeakColour, LeakOffset, LeakBlur];
}
