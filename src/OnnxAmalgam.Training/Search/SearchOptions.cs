namespace OnnxAmalgam.Training.Search;

/// <summary>How weights of taps and teachers are searched.</summary>
public sealed record SearchOptions
{
    /// <summary>Passes over each half of the unlabelled images; null: the recipe's epochs.</summary>
    public int? Epochs { get; init; }
    /// <summary>Learning rate of the weights' logits (Adam). The published search moves them over many more steps.</summary>
    public double Rate { get; init; } = 0.02;
    /// <summary>Factor of the path from the teachers' features through the student's head.</summary>
    public double TeacherToStudent { get; init; } = 1;
    /// <summary>Factor of the path from the student's feature to the teachers'.</summary>
    public double StudentToTeacher { get; init; } = 1;
}
