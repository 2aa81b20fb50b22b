namespace OnnxAmalgam.Training.Recipes;

/// <summary>Which features of one image are set against each other.</summary>
public enum ContrastPairs
{
    /// <summary>The student's with each teacher's, and each two teachers'.</summary>
    All,
    /// <summary>The student's with each teacher's.</summary>
    Student,
    /// <summary>Each two teachers': the common space alone learns.</summary>
    Teachers,
}

/// <summary>Which labels of the union the teachers give an image.</summary>
public abstract record PseudoLabelRule;

/// <summary>The most probable one.</summary>
public sealed record ArgMaxLabels : PseudoLabelRule;

/// <summary>All that are at least this probable; an image may have none.</summary>
/// <param name="Least">Above 0, at most 1.</param>
public sealed record ThresholdLabels(double Least) : PseudoLabelRule;

/// <summary>The most probable few.</summary>
/// <param name="Count">How many.</param>
public sealed record TopLabels(int Count) : PseudoLabelRule;

/// <summary>An image's two features apart from other images', with learned weights (HeroCon's L_u).</summary>
/// <param name="Weight">Its factor.</param>
/// <param name="Pairs">Whose features.</param>
/// <param name="Temperature">Divisor of the cosines.</param>
public sealed record ContrastiveTerm(double Weight, ContrastPairs Pairs = ContrastPairs.All, double Temperature = 1) : LossTerm(Weight)
{
    /// <inheritdoc/>
    public override TermInput Reads => TermInput.CommonSpace;
}

/// <summary>Images that share a label apart from images that do not, weighted by how alike their labels are (HeroCon's L_s).</summary>
/// <param name="Weight">Its factor.</param>
/// <param name="Pairs">Whose features.</param>
/// <param name="Temperature">Divisor of the cosines.</param>
public sealed record SupervisedContrastiveTerm(double Weight, ContrastPairs Pairs = ContrastPairs.All, double Temperature = 1) : LossTerm(Weight)
{
    /// <inheritdoc/>
    public override TermInput Reads => TermInput.CommonSpace;

    /// <summary>How the teachers' target becomes labels.</summary>
    public PseudoLabelRule Labels { get; init; } = new ArgMaxLabels();
}
