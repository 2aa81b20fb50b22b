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
    readonly string _model;
    readonly string _task;
    readonly int _classes;
    readonly Tensor _columns;
    readonly Tensor _within;
    readonly Tensor _counts;
    readonly Tensor _calibration;

    /// <summary>Starts counting; owns its tensors.</summary>
    /// <param name="model">Name of the model.</param>
    /// <param name="task">Name of the task.</param>
    /// <param name="classes">Indices of the task's classes.</param>
    /// <param name="allClasses">Number of classes in the scores.</param>
    /// <param name="device">Where scores come from.</param>
    public TaskMeter(string model, string task, IReadOnlyList<int> classes, int allClasses, Device device)
    {
        (_model, _task, _classes) = (model, task, classes.Count);
        var within = Enumerable.Repeat(-1L, allClasses + 1).ToArray();
        foreach (var (position, index) in classes.Index()) within[index] = position;
        _columns = tensor(classes.Select(c => (long)c).ToArray(), device: device).DetachFromDisposeScope();
        _within = tensor(within, device: device).DetachFromDisposeScope();
        _counts = zeros(3, ScalarType.Int64, device).DetachFromDisposeScope();
        _calibration = zeros(2, Bins, ScalarType.Float64, device).DetachFromDisposeScope();
    }

    /// <summary>Counts a batch: S[n, classes], y[n] (int64 index of the class; negative: no label).</summary>
    public void Add(Tensor scores, Tensor labels)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        // a negative label reads the last entry, which is in no task
        var own = _within.index_select(0, labels.where(labels.ge(0), _within.new_full(labels.shape[0], _within.shape[0] - 1)));
        var counted = own.ge(0);
        var restricted = scores.index_select(1, _columns);
        var top = restricted.topk(Math.Min(5, _classes), 1).indexes.eq(own.unsqueeze(1));
        var first = restricted.argmax(1).eq(own);
        _counts.add_(stack([counted.sum(), first.sum(), (_classes > 5 ? top.any(1) : first).sum()]));
        Calibrate(nn.functional.softmax(restricted.to_type(ScalarType.Float64), 1).amax([1]), first, counted);
    }

    /// <summary>The results so far; none before the first image of the task.</summary>
    public IReadOnlyList<EvaluationRow> Rows()
    {
        using var scope = NewDisposeScope();
        var counts = _counts.cpu().data<long>().ToArray();
        var n = counts[0];
        if (n == 0) return [];
        List<EvaluationRow> rows = [EvaluationRow.Share(_model, _task, "accuracy_top1", counts[1], n)];
        if (_classes > 5) rows.Add(EvaluationRow.Share(_model, _task, "accuracy_top5", counts[2], n));
        var gaps = (_calibration[0] - _calibration[1]).abs().sum().cpu().item<double>();
        rows.Add(new(_model, _task, "ece", gaps / n, null, null, n));
        return rows;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in (Tensor[])[_columns, _within, _counts, _calibration]) tensor.Dispose();
    }

    /// <summary>Per bin the hits and the summed confidence: their difference is the bin's count times its gap.</summary>
    void Calibrate(Tensor confidence, Tensor hit, Tensor counted)
    {
        // bins are half-open below, (0, 1/15] and so on, as in the paper
        var bin = (confidence * Bins).ceil().sub(1).clamp(0, Bins - 1).to_type(ScalarType.Int64);
        var sums = stack([hit.to_type(ScalarType.Float64), confidence]) * counted;
        _calibration.index_add_(1, bin, sums, 1);
    }
}
