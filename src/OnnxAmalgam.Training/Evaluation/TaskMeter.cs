using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Evaluation;

/// <summary>Accuracy and calibration of one model on one task, batch by batch.</summary>
/// <remarks>
/// The task is a list of classes: predictions are arg maxima over these only, and only images of these count.
/// <c>accuracy_top5</c> only where the task has more than five classes.
/// <c>ece</c>: sum over 15 equal bins of confidence of (images in bin / n) |accuracy - mean confidence|, confidence = the largest
/// softmax probability over the task (Guo et al., ICML 2017, arXiv 1706.04599); it has no interval.
/// Counts stay on the device until <see cref="Rows"/>.
/// </remarks>
internal sealed class TaskMeter : IDisposable
{
    const int Bins = 15;
    readonly string model;
    readonly string task;
    readonly int width;
    readonly Tensor columns;
    readonly Tensor within;
    readonly Tensor counts;
    readonly Tensor calibration;

    /// <summary>Starts counting; owns its tensors.</summary>
    /// <param name="model">Name of the model.</param>
    /// <param name="task">Name of the task.</param>
    /// <param name="classes">Indices of the task's classes.</param>
    /// <param name="allClasses">Number of classes in the scores.</param>
    /// <param name="device">Where scores come from.</param>
    public TaskMeter(string model, string task, IReadOnlyList<int> classes, int allClasses, Device device)
    {
        (this.model, this.task, width) = (model, task, classes.Count);
        var positions = Enumerable.Repeat(-1L, allClasses + 1).ToArray();
        foreach (var (position, index) in classes.Index()) positions[index] = position;
        columns = tensor(classes.Select(c => (long)c).ToArray(), device: device).DetachFromDisposeScope();
        within = tensor(positions, device: device).DetachFromDisposeScope();
        counts = zeros(3, ScalarType.Int64, device).DetachFromDisposeScope();
        calibration = zeros(2, Bins, ScalarType.Float64, device).DetachFromDisposeScope();
    }

    /// <summary>Counts a batch: S[n, classes], y[n] (int64 index of the class; negative: no label).</summary>
    public void Add(Tensor scores, Tensor labels)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        // a negative label reads the last entry, which is in no task
        var own = within.index_select(0, labels.where(labels.ge(0), within.new_full(labels.shape[0], within.shape[0] - 1)));
        var counted = own.ge(0);
        var restricted = scores.index_select(1, columns);
        var top = restricted.topk(Math.Min(5, width), 1).indexes.eq(own.unsqueeze(1));
        var first = restricted.argmax(1).eq(own);
        counts.add_(stack([counted.sum(), first.sum(), (width > 5 ? top.any(1) : first).sum()]));
        Calibrate(nn.functional.softmax(restricted.to_type(ScalarType.Float64), 1).amax([1]), first, counted);
    }

    /// <summary>The results so far; none before the first image of the task.</summary>
    public IReadOnlyList<EvaluationRow> Rows()
    {
        using var scope = NewDisposeScope();
        var seen = counts.cpu().data<long>().ToArray();
        var n = seen[0];
        if (n == 0) return [];
        List<EvaluationRow> rows = [EvaluationRow.Share(model, task, "accuracy_top1", seen[1], n)];
        if (width > 5) rows.Add(EvaluationRow.Share(model, task, "accuracy_top5", seen[2], n));
        var gaps = (calibration[0] - calibration[1]).abs().sum().cpu().item<double>();
        rows.Add(new(model, task, "ece", gaps / n, null, null, n));
        return rows;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in (Tensor[])[columns, within, counts, calibration]) tensor.Dispose();
    }

    /// <summary>Per bin the hits and the summed confidence: their difference is the bin's count times its gap.</summary>
    void Calibrate(Tensor confidence, Tensor hit, Tensor counted)
    {
        // bins are half-open below, (0, 1/15] and so on, as in the paper
        var bin = (confidence * Bins).ceil().sub(1).clamp(0, Bins - 1).to_type(ScalarType.Int64);
        var sums = stack([hit.to_type(ScalarType.Float64), confidence]) * counted;
        calibration.index_add_(1, bin, sums, 1);
    }
}
