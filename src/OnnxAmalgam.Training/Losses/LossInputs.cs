using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Losses;

/// <summary>What one batch offers to the loss. Nothing here is disposed by it.</summary>
internal sealed record LossInputs
{
    /// <summary>z_S[n, union].</summary>
    public required Tensor StudentLogits { get; init; }
    /// <summary>The student's taps as its graph lays them out; needed where a term reads features.</summary>
    public IReadOnlyList<Tensor> StudentTaps { get; init; } = [];
    /// <summary>z_i[n, classes_i] for each teacher in recipe order; null for one without scores.</summary>
    public IReadOnlyList<Tensor?> TeacherLogits { get; init; } = [];
    /// <summary>Features as the teachers' graphs lay them out, in tap order.</summary>
    public IReadOnlyList<Tensor> TeacherTaps { get; init; } = [];
    /// <summary>w[n, teachers]; needed by gated labels, used by restricted ones (default there: all one), else ignored.</summary>
    public Tensor? DomainWeights { get; init; }
    /// <summary>y[n], int64 into the union, negative: none; needed by a hard label term.</summary>
    public Tensor? HardLabels { get; init; }
    /// <summary>A weight of the student that all terms train, which balancing by gradients measures them at; null: none is known.</summary>
    public Tensor? Shared { get; init; }
    /// <summary>Epoch and batch, which random draws are a function of.</summary>
    public (int Epoch, int Batch) Position { get; init; }
}

/// <summary>One evaluation of the loss; the caller owns both tensors.</summary>
/// <param name="Total">The weighted sum, to call <c>backward</c> on.</param>
/// <param name="Values">Unweighted values in the order of <see cref="AmalgamationLoss.TermNames"/>, detached, on the device: reading them waits for it.</param>
internal sealed record LossResult(Tensor Total, Tensor Values);

/// <summary>A teacher's tap.</summary>
/// <param name="Teacher">Which teacher, in recipe order.</param>
/// <param name="Shape">Its layout.</param>
internal sealed record TeacherTap(int Teacher, CommonSpace.TapShape Shape);
