using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Evaluation;

/// <summary>How well one model's probabilities, label by label, fit a task, batch by batch.</summary>
/// <remarks>
/// An image's class is taken as its only label. <c>mean_average_precision</c>: for each label of the task the mean, over its images, of the share
/// of its images among those of at least this probability; the mean over labels that have an image. Only images of the task's classes count.
/// <c>label_accuracy</c>: share of (image, label) pairs where probability 1/2 or more means the label and less its absence.
/// <c>label_agreement</c>: the same share with another model's decisions for truth; no class is needed. None has an interval: the pairs of an
/// image are not independent. Probabilities are kept in memory until <see cref="Rows"/>.
/// </remarks>
internal sealed class MultiLabelMeter : IDisposable
{
    readonly string model;
    readonly string task;
    readonly Tensor columns;
    readonly List<Tensor> probabilities = [];
    readonly List<Tensor> truths = [];
    (double Same, long Pairs, long Images) agreement;

    /// <summary>Starts counting; owns its tensors.</summary>
    /// <param name="model">Name of the model.</param>
    /// <param name="task">Name of the task.</param>
    /// <param name="classes">Indices of the task's classes.</param>
    /// <param name="device">Where probabilities come from.</param>
    public MultiLabelMeter(string model, string task, IReadOnlyList<int> classes, Device device)
    {
        (this.model, this.task) = (model, task);
        columns = tensor(classes.Select(c => (long)c).ToArray(), device: device).DetachFromDisposeScope();
    }

    /// <summary>Counts a batch: P[n, classes] of the model, y[n] (int64 class; negative: none), null: no image has one.</summary>
    public void Add(Tensor scores, Tensor? labels)
    {
        if (labels is null) return;
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var truth = labels.unsqueeze(1).eq(columns.unsqueeze(0));
        var counted = truth.any(1).nonzero().view(-1);
        probabilities.Add(scores.index_select(1, columns).index_select(0, counted).cpu().DetachFromDisposeScope());
        truths.Add(truth.index_select(0, counted).cpu().DetachFromDisposeScope());
    }

    /// <summary>Counts how often a reference decides alike: P[n, classes] of both.</summary>
    public void Compare(Tensor scores, Tensor reference)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var same = scores.index_select(1, columns).ge(0.5).eq(reference.index_select(1, columns).ge(0.5));
        agreement = (agreement.Same + same.sum().cpu().item<long>(), agreement.Pairs + same.numel(), agreement.Images + same.shape[0]);
    }

    /// <summary>The results so far.</summary>
    public IReadOnlyList<EvaluationRow> Rows()
    {
        using var scope = NewDisposeScope();
        List<EvaluationRow> rows = [];
        if (probabilities.Sum(p => p.shape[0]) is > 0 and var n)
        {
            var (scores, truth) = (cat(probabilities), cat(truths));
            rows.Add(new(model, task, "mean_average_precision", MeanAveragePrecision(scores, truth), null, null, n));
            rows.Add(new(model, task, "label_accuracy", scores.ge(0.5).eq(truth).to_type(ScalarType.Float64).mean().item<double>(), null, null, n));
        }
        if (agreement.Pairs > 0)
            rows.Add(new(model, task, "label_agreement", agreement.Same / agreement.Pairs, null, null, agreement.Images));
        return rows;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        columns.Dispose();
        foreach (var tensor in probabilities.Concat(truths)) tensor.Dispose();
    }

    /// <summary>P[n, labels], Y[n, labels] -> a share. Images of equal probability are taken together, so that no order decides.</summary>
    internal static double MeanAveragePrecision(Tensor scores, Tensor truth)
    {
        var labels = Enumerable.Range(0, (int)scores.shape[1]).Select(c => (
            Scores: scores.select(1, c).to_type(ScalarType.Float64).contiguous().data<double>().ToArray(),
            Truth: truth.select(1, c).contiguous().data<bool>().ToArray()));
        return labels.Where(l => l.Truth.Contains(true)).Select(l => AveragePrecision(l.Scores, l.Truth)).Average();
    }

    static double AveragePrecision(double[] scores, bool[] truth)
    {
        var (seen, hits, sum) = (0, 0, 0.0);
        foreach (var level in scores.Zip(truth).GroupBy(s => s.First).OrderByDescending(g => g.Key))
        {
            var right = level.Count(s => s.Second);
            (seen, hits) = (seen + level.Count(), hits + right);
            sum += right * (double)hits / seen;
        }
        return sum / hits;
    }
}
