using OnnxAmalgam.Training.CommonSpace;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Losses.Features;

/// <summary>Widths at one level.</summary>
/// <param name="Student">Channels of the student's tap.</param>
/// <param name="Teachers">Channels of the teachers' taps.</param>
/// <param name="Pooled">Features are F[n, c] instead of F[n, c, h, w].</param>
internal sealed record LevelShape(int Student, IReadOnlyList<int> Teachers, bool Pooled);

/// <summary>One batch at one level.</summary>
/// <param name="Student">F_S.</param>
/// <param name="Teachers">F_i on the student's grid.</param>
internal sealed record LevelFeatures(Tensor Student, IReadOnlyList<Tensor> Teachers);

/// <summary>A term that reads all of the student's taps at once.</summary>
/// <remarks>Owns the maps it learns, which train beside the student and lie in checkpoints.</remarks>
internal abstract class PyramidLoss(string name) : nn.Module(name)
{
    /// <summary>The levels, shallow first -> L[taps] or L[taps, n], level by level.</summary>
    public abstract Tensor ToEach(IReadOnlyList<LevelFeatures> levels);

    /// <summary>Makes the loss of a term.</summary>
    /// <param name="term">A term that reads levels.</param>
    /// <param name="levels">Their widths.</param>
    /// <param name="source">Where weights come from.</param>
    public static PyramidLoss Create(LossTerm term, IReadOnlyList<LevelShape> levels, WeightSource source) => term switch
    {
        ReviewTerm review => new KnowledgeReview(review, levels, source),
        LadderTerm ladder => new ProjectorLadder(ladder, levels, source),
        _ => throw new NotSupportedException(term.GetType().Name),
    };
}
