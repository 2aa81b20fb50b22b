using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Evaluation;

/// <summary>How often a model's arg max over a task's classes is the reference's, batch by batch.</summary>
internal sealed class AgreementMeter : IDisposable
{
    readonly string _model;
    readonly string _task;
    readonly Tensor _columns;
    readonly Tensor _known;
    readonly Tensor _counts;

    /// <summary>Starts counting; owns its tensors.</summary>
    /// <param name="model">Name of the model.</param>
    /// <param name="task">Name of the task.</param>
    /// <param name="classes">Indices of the task's classes.</param>
    /// <param name="allClasses">Number of classes in the scores.</param>
    /// <param name="device">Where scores come from.</param>
    public AgreementMeter(string model, string task, IReadOnlyList<int> classes, int allClasses, Device device)
    {
        (_model, _task) = (model, task);
        _columns = tensor(classes.Select(c => (long)c).ToArray(), device: device).DetachFromDisposeScope();
        _known = tensor(Enumerable.Range(0, allClasses).Select(classes.Contains).ToArray(), device: device).DetachFromDisposeScope();
        _counts = zeros(2, ScalarType.Int64, device).DetachFromDisposeScope();
    }

    /// <summary>Counts a batch: S[n, classes] of the model and of the reference.</summary>
    /// <param name="scores">The model's.</param>
    /// <param name="reference">The reference's.</param>
    /// <param name="labels">y[n], int64: only images of the task's classes count; null: all images do.</param>
    public void Add(Tensor scores, Tensor reference, Tensor? labels = null)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var same = scores.index_select(1, _columns).argmax(1).eq(reference.index_select(1, _columns).argmax(1));
        var counted = labels is null ? ones_like(same) : _known.index_select(0, labels.clamp_min(0)).logical_and(labels.ge(0));
        _counts.add_(stack([counted.sum(), same.logical_and(counted).sum()]));
    }

    /// <summary>The result so far; none before the first image that counts.</summary>
    public IReadOnlyList<EvaluationRow> Rows()
    {
        using var scope = NewDisposeScope();
        var counts = _counts.cpu().data<long>().ToArray();
        return counts[0] == 0 ? [] : [EvaluationRow.Share(_model, _task, "agreement", counts[1], counts[0])];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in (Tensor[])[_columns, _known, _counts]) tensor.Dispose();
    }
}
