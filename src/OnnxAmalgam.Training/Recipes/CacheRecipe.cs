namespace OnnxAmalgam.Training.Recipes;

/// <summary>Number formats of stored outputs.</summary>
public enum CacheDtype
{
    /// <summary>Half the room, eleven bits of mantissa.</summary>
    Float16,
    /// <summary>As computed.</summary>
    Float32,
}

/// <summary>Where teachers' outputs are kept from one epoch, and one run, to the next.</summary>
public sealed record CacheRecipe
{
    /// <summary>Full path; made when the first outputs are stored.</summary>
    public required string Folder { get; init; }
    /// <summary>Augmented views of each image; epoch e shows view (e - 1) mod Views.</summary>
    public int Views { get; init; } = 4;
    /// <summary>Number format of what trains; scores that are only evaluated are kept in float32.</summary>
    public CacheDtype Dtype { get; init; } = CacheDtype.Float16;
    /// <summary>Most bytes of all stored files together.</summary>
    public long MaxBytes { get; init; } = 4_000_000_000;
    /// <summary>Draws the views. Not the run's seed: runs that differ in theirs share the views.</summary>
    public long Seed { get; init; } = 1;
}
