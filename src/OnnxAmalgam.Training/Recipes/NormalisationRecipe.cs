namespace OnnxAmalgam.Training.Recipes;

/// <summary>What happens to a student's BatchNormalization before training.</summary>
public enum NormalisationMode
{
    /// <summary>Nothing.</summary>
    Keep,
    /// <summary>Its running statistics are measured anew.</summary>
    Refresh,
    /// <summary>It is put behind each convolution that has none, without changing what the student computes.</summary>
    Insert,
}

/// <summary>Whether statistics are measured, and on how many images.</summary>
/// <param name="Mode">What happens.</param>
/// <param name="Images">Unlabelled images to measure on, at most; the same for every mode, read by <c>refresh</c> and <c>insert</c>.</param>
public sealed record NormalisationRecipe(NormalisationMode Mode, int Images = NormalisationRecipe.DefaultImages)
{
    /// <summary>Enough for a mean and a variance within a few per cent, few enough to take seconds.</summary>
    public const int DefaultImages = 2000;
}
