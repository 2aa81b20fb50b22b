namespace OnnxAmalgam.Training.Recipes;

/// <summary>Weights of the student that a query selects, and what they are trained with; null: as they would be without this group.</summary>
/// <param name="Query">Selects initializers, or ops, whose initializers are meant (docs/queries.md).</param>
public sealed record GroupRecipe(string Query)
{
    /// <summary>Learning rate.</summary>
    public GroupRate? LearningRate { get; init; }
    /// <summary>Decay.</summary>
    public double? WeightDecay { get; init; }
    /// <summary>Whether training leaves them alone.</summary>
    public bool? Freeze { get; init; }
    /// <summary>Where they start.</summary>
    public FirstWeights? Initialise { get; init; }
}

/// <summary>A learning rate of some weights.</summary>
/// <param name="Value">A factor of the recipe's rate, or a rate that follows the same schedule.</param>
/// <param name="IsFactor">Which of both.</param>
public readonly record struct GroupRate(double Value, bool IsFactor)
{
    /// <summary>What the schedule's rate is multiplied by.</summary>
    /// <param name="learningRate">The recipe's rate.</param>
    public double FactorOf(double learningRate) => IsFactor ? Value : Value / learningRate;
}

/// <summary>Where weights start.</summary>
public enum FirstWeights
{
    /// <summary>As the file, or the zoo, has them.</summary>
    Keep,
    /// <summary>Drawn anew as PyTorch's layers do by default, by the place they stand at.</summary>
    Default,
    /// <summary>Convolutions from N(0, 2 / fan-out), as torchvision's residual networks; all else by default.</summary>
    KaimingNormal,
}
