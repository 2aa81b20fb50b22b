namespace OnnxAmalgam.Training.Recipes;

/// <summary>What a model's scores are the logarithms of.</summary>
public enum ScoreKind
{
    /// <summary>One class an image: probabilities are a softmax.</summary>
    Softmax,
    /// <summary>Labels that do not exclude each other (a tagger): each probability is a sigmoid of its own.</summary>
    Sigmoid,
}

/// <summary>Binary cross-entropy to the teachers' probabilities, label by label: the student's scores become sigmoids.</summary>
/// <param name="Weight">Its factor.</param>
/// <param name="Temperature">T.</param>
public sealed record MultiLabelTerm(double Weight, double Temperature = 1) : LossTerm(Weight)
{
    /// <inheritdoc/>
    public override TermInput Reads => TermInput.Scores;
}
