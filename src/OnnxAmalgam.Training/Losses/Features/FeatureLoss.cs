using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Losses.Features;

/// <summary>A term on taps: the student's feature against each teacher's, all on the student's grid.</summary>
/// <remarks>Owns the maps it learns, which train beside the student and lie in checkpoints.</remarks>
internal abstract class FeatureLoss(string name) : nn.Module(name)
{
    /// <summary>F_S[n, c, ...] and F_i[n, c_i, ...] in tap order -> L[taps], or L[taps, n] where each image has a loss of its own; gradient to F_S.</summary>
    public abstract Tensor ToEach(Tensor student, IReadOnlyList<Tensor> teachers);

    /// <summary>Makes the loss of a term.</summary>
    /// <param name="term">A term that reads taps.</param>
    /// <param name="student">Channels of the student's tap.</param>
    /// <param name="teachers">Channels of each teacher's tap, in tap order.</param>
    /// <param name="pooled">Features are F[n, c] instead of F[n, c, h, w].</param>
    /// <param name="source">Where weights come from.</param>
    public static FeatureLoss Create(LossTerm term, int student, IReadOnlyList<int> teachers, bool pooled, CommonSpace.WeightSource source) => term switch
    {
        HintTerm => new Hint(student, teachers, pooled, source),
        AttentionTerm => new AttentionTransfer(),
        SimilarityTerm => new SimilarityPreserving(),
        RkdTerm rkd => new RelationalDistillation(rkd),
        PktTerm => new ProbabilisticTransfer(),
        VidTerm => new VariationalInformation(student, teachers, pooled, source),
        SmoothCosineTerm smooth => new SmoothCosine(smooth, student, teachers, pooled, source),
        LayerWiseTerm => new LayerWiseAmalgamation(student, teachers, pooled, source),
        VotedFeaturesTerm voted => new VotedFeatures(voted, student, teachers, pooled, source),
        NstTerm => new NeuronSelectivity(),
        CongruenceTerm congruence => new CorrelationCongruence(congruence),
        IckdTerm => new InterChannelCorrelation(student, teachers, pooled, source),
        ProjectorTerm projector => new ProjectorDistance(projector, student, teachers, source),
        _ => throw new NotSupportedException(term.GetType().Name),
    };

    /// <summary>F[n, c, ...] -> its mean over all but the first axis, L[n].</summary>
    protected static Tensor PerImage(Tensor error) => error.flatten(1).mean([1]);

    /// <summary>F[n, c, ...] -> F[n, c], averaged over positions.</summary>
    protected static Tensor Pooled(Tensor feature) => feature.dim() == 2 ? feature : feature.flatten(2).mean([2]);
}
