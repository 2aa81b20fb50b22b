namespace OnnxAmalgam.Training.Caching;

/// <summary>One output of a network for one image.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Shape">Without the batch.</param>
sealed record RowPart(string Name, long[] Shape)
{
    /// <summary>Numbers in it.</summary>
    public long Width => Shape.Aggregate(1L, (a, b) => checked(a * b));
}

/// <summary>What is stored for one image: a network's outputs one after the other.</summary>
sealed record RowLayout(IReadOnlyList<RowPart> Parts)
{
    /// <summary>Numbers of one image.</summary>
    public long Width => Parts.Sum(p => p.Width);

    /// <summary>Whether both hold the same parts.</summary>
    public bool IsLike(RowLayout other) => Parts.Count == other.Parts.Count
        && Parts.Zip(other.Parts).All(p => p.First.Name == p.Second.Name && p.First.Shape.SequenceEqual(p.Second.Shape));
}
