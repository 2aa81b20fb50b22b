namespace OnnxAmalgam.Training.Recipes;

/// <summary>What a term of the equation compares.</summary>
public enum TermInput
{
    /// <summary>The student's scores with the teachers'.</summary>
    Scores,
    /// <summary>The student's scores with true labels.</summary>
    Labels,
    /// <summary>Features in the common space.</summary>
    CommonSpace,
    /// <summary>The student's tap with each teacher's, on the student's grid, level by level.</summary>
    Taps,
    /// <summary>All of the student's taps at once with each teacher's.</summary>
    Levels,
    /// <summary>The student's scores with each other.</summary>
    Student,
}

/// <summary>What of a map in the common space is compared.</summary>
public enum MmdForm
{
    /// <summary>The whole map as one vector, as published.</summary>
    Map,
    /// <summary>Its mean over positions.</summary>
    Pooled,
    /// <summary>Each position for itself; the mean of these.</summary>
    Location,
}

/// <summary>One weighted term.</summary>
/// <param name="Weight">Its factor.</param>
public abstract record LossTerm(double Weight)
{
    /// <summary>What it compares.</summary>
    public abstract TermInput Reads { get; }
}

/// <summary>Cross-entropy to the teachers' softened scores.</summary>
public sealed record SoftTargetTerm(double Weight, double Temperature = 1) : LossTerm(Weight)
{
    /// <inheritdoc/>
    public override TermInput Reads => TermInput.Scores;
}

/// <summary>Decoupled divergence: the target class against the rest, and the rest among themselves.</summary>
/// <param name="Weight">Its factor.</param>
/// <param name="Alpha">Factor of the target class' part.</param>
/// <param name="Beta">Factor of the other classes' part.</param>
/// <param name="Temperature">T.</param>
public sealed record DkdTerm(double Weight, double Alpha = 1, double Beta = 8, double Temperature = 4) : LossTerm(Weight)
{
    /// <inheritdoc/>
    public override TermInput Reads => TermInput.Scores;
}

/// <summary>Divergence between score rows standardised to mean 0 and deviation 1.</summary>
/// <param name="Weight">Its factor.</param>
/// <param name="Temperature">T.</param>
public sealed record StandardisedLogitsTerm(double Weight, double Temperature = 2) : LossTerm(Weight)
{
    /// <inheritdoc/>
    public override TermInput Reads => TermInput.Scores;
}

/// <summary>Correlation of probabilities, within an image and within a class.</summary>
/// <param name="Weight">Its factor.</param>
/// <param name="Beta">Factor of the correlation over classes, image by image.</param>
/// <param name="Gamma">Factor of the correlation over the batch, class by class.</param>
/// <param name="Temperature">T.</param>
public sealed record DistTerm(double Weight, double Beta = 1, double Gamma = 1, double Temperature = 1) : LossTerm(Weight)
{
    /// <inheritdoc/>
    public override TermInput Reads => TermInput.Scores;
}

/// <summary>Divergence of soft targets, and how the scores of a batch's images lie to each other (SKD).</summary>
/// <param name="Weight">Its factor.</param>
/// <param name="Direction">Factor of the second part.</param>
/// <param name="Temperature">T of the first part.</param>
/// <param name="Tikhonov">What is added to the covariance's diagonal.</param>
public sealed record SkdTerm(double Weight, double Direction = 1, double Temperature = 4, double Tikhonov = 0.1) : LossTerm(Weight)
{
    /// <inheritdoc/>
    public override TermInput Reads => TermInput.Scores;
}

/// <summary>Maximum mean discrepancy between student and each teacher in the common space.</summary>
/// <param name="Weight">Its factor.</param>
/// <param name="Bandwidths">Kernel widths; null: the median heuristic.</param>
/// <param name="Unbiased">Leave the diagonal out and do not clamp at zero.</param>
/// <param name="Form">What of a map is compared.</param>
/// <param name="DetachTeachers">Whether the teachers' side of the common space gets no gradient from it.</param>
public sealed record MmdTerm(double Weight, IReadOnlyList<double>? Bandwidths, bool Unbiased = false, MmdForm Form = MmdForm.Map, bool DetachTeachers = false) : LossTerm(Weight)
{
    /// <summary>The published bank of kernel widths.</summary>
    public static IReadOnlyList<double> Published { get; } = [0.001, 0.01, 0.05, 0.1, 0.2, 1, 2];

    /// <inheritdoc/>
    public override TermInput Reads => TermInput.CommonSpace;
}

/// <summary>Each teacher's feature rebuilt from the common space.</summary>
public sealed record ReconstructionTerm(double Weight) : LossTerm(Weight)
{
    /// <inheritdoc/>
    public override TermInput Reads => TermInput.CommonSpace;
}

/// <summary>1 - cosine between student and teacher features of the same image in the common space.</summary>
/// <param name="Weight">Its factor.</param>
/// <param name="DetachTeachers">Whether the teachers' side of the common space gets no gradient from it.</param>
public sealed record CosineTerm(double Weight, bool DetachTeachers = false) : LossTerm(Weight)
{
    /// <inheritdoc/>
    public override TermInput Reads => TermInput.CommonSpace;
}

/// <summary>Cross-entropy of finding an image's teacher feature among the batch's in the common space.</summary>
/// <param name="Weight">Its factor.</param>
/// <param name="Temperature">Divisor of the cosines.</param>
/// <param name="DetachTeachers">Whether the teachers' side of the common space gets no gradient from it.</param>
public sealed record InfoNceTerm(double Weight, double Temperature = 0.1, bool DetachTeachers = false) : LossTerm(Weight)
{
    /// <inheritdoc/>
    public override TermInput Reads => TermInput.CommonSpace;
}

/// <summary>Cross-entropy to the target with the teachers' most voted class emphasised.</summary>
/// <param name="Weight">Its factor.</param>
/// <param name="Temperature">T.</param>
/// <param name="Emphasis">What is added to the class' probability before all are made to sum to 1 again.</param>
public sealed record VotedTargetTerm(double Weight, double Temperature = 1, double Emphasis = 1) : LossTerm(Weight)
{
    /// <inheritdoc/>
    public override TermInput Reads => TermInput.Scores;
}

/// <summary>The teachers' features of a level merged into one, which the student's is compared with.</summary>
public sealed record LayerWiseTerm(double Weight) : LossTerm(Weight)
{
    /// <inheritdoc/>
    public override TermInput Reads => TermInput.Taps;
}

/// <summary>What the teachers' features agree on in a latent space, which the student's is compared with.</summary>
/// <param name="Weight">Its factor.</param>
/// <param name="Channels">Width of the latent space.</param>
public sealed record VotedFeaturesTerm(double Weight, int Channels = 128) : LossTerm(Weight)
{
    /// <inheritdoc/>
    public override TermInput Reads => TermInput.Taps;
}

/// <summary>Discrepancy between the maps of the student's channels and of each teacher's.</summary>
public sealed record NstTerm(double Weight) : LossTerm(Weight)
{
    /// <inheritdoc/>
    public override TermInput Reads => TermInput.Taps;
}

/// <summary>Squared error between the batch's correlations by a Gaussian kernel.</summary>
/// <param name="Weight">Its factor.</param>
/// <param name="Gamma">Of the Gaussian.</param>
/// <param name="Order">Of its Taylor series.</param>
public sealed record CongruenceTerm(double Weight, double Gamma = 0.4, int Order = 2) : LossTerm(Weight)
{
    /// <inheritdoc/>
    public override TermInput Reads => TermInput.Taps;
}

/// <summary>Squared error between the similarities of an image's channels.</summary>
public sealed record IckdTerm(double Weight) : LossTerm(Weight)
{
    /// <inheritdoc/>
    public override TermInput Reads => TermInput.Taps;
}

/// <summary>Logarithm of a power distance between batch-normalised features, behind a linear projector.</summary>
/// <param name="Weight">Its factor.</param>
/// <param name="Power">Of the distance.</param>
public sealed record ProjectorTerm(double Weight, double Power = 4) : LossTerm(Weight)
{
    /// <inheritdoc/>
    public override TermInput Reads => TermInput.Taps;
}

/// <summary>Features of all levels, fused from the deepest up, against the teachers' (ReviewKD).</summary>
/// <param name="Weight">Its factor.</param>
/// <param name="Channels">Width of the fused features.</param>
public sealed record ReviewTerm(double Weight, int Channels = 128) : LossTerm(Weight)
{
    /// <inheritdoc/>
    public override TermInput Reads => TermInput.Levels;
}

/// <summary>Each teacher's feature against a sum of small networks on all of the student's taps (UNIC).</summary>
/// <param name="Weight">Its factor.</param>
/// <param name="Hidden">Width of the networks' hidden layer.</param>
/// <param name="Cosine">Share of the cosine, 0..1; the rest is smooth L1.</param>
/// <param name="TeacherDropping">Chance that a teacher which is not the image's worst is left out; null: all count, and are summed.</param>
public sealed record LadderTerm(double Weight, int Hidden = 256, double Cosine = 0.5, double? TeacherDropping = null) : LossTerm(Weight)
{
    /// <inheritdoc/>
    public override TermInput Reads => TermInput.Levels;
}

/// <summary>Cross-entropy to the true labels of sources that have them.</summary>
public sealed record HardLabelTerm(double Weight) : LossTerm(Weight)
{
    /// <inheritdoc/>
    public override TermInput Reads => TermInput.Labels;
}

/// <summary>Squared error between each teacher's feature and the student's through a learned 1x1 map.</summary>
/// <param name="Weight">Its factor.</param>
/// <param name="TeacherDropping">Chance that a teacher which is not the image's worst is left out; null: all count, and are summed.</param>
public sealed record HintTerm(double Weight, double? TeacherDropping = null) : LossTerm(Weight)
{
    /// <inheritdoc/>
    public override TermInput Reads => TermInput.Taps;
}

/// <summary>Squared error between normalised maps of where features are large.</summary>
/// <param name="Weight">Its factor.</param>
/// <param name="TeacherDropping">Chance that a teacher which is not the image's worst is left out; null: all count, and are summed.</param>
public sealed record AttentionTerm(double Weight, double? TeacherDropping = null) : LossTerm(Weight)
{
    /// <inheritdoc/>
    public override TermInput Reads => TermInput.Taps;
}

/// <summary>Squared error between the batch's matrices of similarities.</summary>
public sealed record SimilarityTerm(double Weight) : LossTerm(Weight)
{
    /// <inheritdoc/>
    public override TermInput Reads => TermInput.Taps;
}

/// <summary>Huber error between the batch's distances, and between its angles.</summary>
/// <param name="Weight">Its factor.</param>
/// <param name="Distance">Factor of the distances.</param>
/// <param name="Angle">Factor of the angles.</param>
public sealed record RkdTerm(double Weight, double Distance = 1, double Angle = 2) : LossTerm(Weight)
{
    /// <inheritdoc/>
    public override TermInput Reads => TermInput.Taps;
}

/// <summary>Divergence between the batch's similarities taken as probabilities.</summary>
public sealed record PktTerm(double Weight) : LossTerm(Weight)
{
    /// <inheritdoc/>
    public override TermInput Reads => TermInput.Taps;
}

/// <summary>Negative log-likelihood of the teacher's feature, whose mean the student's feature predicts.</summary>
/// <param name="Weight">Its factor.</param>
/// <param name="TeacherDropping">Chance that a teacher which is not the image's worst is left out; null: all count, and are summed.</param>
public sealed record VidTerm(double Weight, double? TeacherDropping = null) : LossTerm(Weight)
{
    /// <inheritdoc/>
    public override TermInput Reads => TermInput.Taps;
}

/// <summary>Cosine and smooth L1 error between each teacher's feature and the student's through a learned 1x1 map.</summary>
/// <param name="Weight">Its factor.</param>
/// <param name="Cosine">Share of the cosine, 0..1; the rest is smooth L1.</param>
/// <param name="TeacherDropping">Chance that a teacher which is not the image's worst is left out; null: all count, and are summed.</param>
public sealed record SmoothCosineTerm(double Weight, double Cosine = 0.9, double? TeacherDropping = null) : LossTerm(Weight)
{
    /// <inheritdoc/>
    public override TermInput Reads => TermInput.Taps;
}
