using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Evaluation;

/// <summary>How often a model's arg max over a task's classes is the reference's, batch by batch.</summary>
internal sealed class AgreementMeter : IDisposable
{
    readonly string model;
    readonly string task;
    readonly Tensor columns;
    readonly Tensor known;
    readonly Tensor counts;

    /// <summary>Starts counting; owns its tensors.</summary>
    /// <param name="model">Name of the model.</param>
    /// <param name="task">Name of the task.</param>
    /// <param name="classes">Indices of the task's classes.</param>
    /// <param name="allClasses">Number of classes in the scores.</param>
    /// <param name="device">Where scores come from.</param>
    public AgreementMeter(string model, string task, IReadOnlyList<int> classes, int allClasses, Device device)
    {
        (this.model, this.task) = (model, task);
        columns = tensor(classes.Select(c => (long)c).ToArray(), device: device).DetachFromDisposeScope();
        known = tensor(Enumerable.Range(0, allClasses).Select(classes.Contains).ToArray(), device: device).DetachFromDisposeScope();
        counts = zeros(2, ScalarType.Int64, device).DetachFromDisposeScope();
    }

    /// <summary>Counts a batch: S[n, classes] of the model and of the reference.</summary>
    /// <param name="scores">The model's.</param>
    /// <param name="reference">The reference's.</param>
    /// <param name="labels">y[n], int64: only images of the task's classes count; null: all images do.</param>
    public void Add(Tensor scores, Tensor reference, Tensor? labels = null)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var same = scores.index_select(1, columns).argmax(1).eq(reference.index_select(1, columns).argmax(1));
        var counted = labels is null ? ones_like(same) : known.index_select(0, labels.clamp_min(0)).logical_and(labels.ge(0));
        counts.add_(stack([counted.sum(), same.logical_and(counted).sum()]));
    }

    /// <summary>The result so far; none before the first image that counts.</summary>
    public IReadOnlyList<EvaluationRow> Rows()
    {
        using var scope = NewDisposeScope();
        var (n, hits) = (counts[0].cpu().item<long>(), counts[1].cpu().item<long>());
        return n == 0 ? [] : [EvaluationRow.Share(model, task, "agreement", hits, n)];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in (Tensor[])[columns, known, counts]) tensor.Dispose();
    }
}
