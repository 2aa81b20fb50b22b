using OnnxAmalgam.Training.Losses;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Evaluation;

/// <summary>The rows of evaluation.csv that a multi-label student has beside the usual ones: the student on the union and on each task, then
/// each teacher on its own task.</summary>
internal sealed class MultiLabelRows : IDisposable
{
    readonly LabelUnion union;
    readonly int[] scoring;
    readonly MultiLabelMeter whole;
    readonly MultiLabelMeter[] student;
    readonly MultiLabelMeter[] teachers;

    /// <summary>Starts counting; owns its meters.</summary>
    public MultiLabelRows(LabelUnion union, ClassScores scores, Device device)
    {
        this.union = union;
        scoring = [.. Enumerable.Range(0, union.Teachers.Count).Where(union.HasScores)];
        whole = new("student", "union", [.. Enumerable.Range(0, union.Classes.Count)], device);
        student = [.. scoring.Select(i => new MultiLabelMeter("student", union.Teachers[i], scores.Task(i), device))];
        teachers = [.. scoring.Select(i => new MultiLabelMeter(union.Teachers[i], union.Teachers[i], scores.Task(i), device))];
    }

    /// <summary>Counts a batch: S[n, classes] of the student and of each teacher that has scores, in order; y[n] or null.</summary>
    public void Add(Tensor own, IReadOnlyList<Tensor> theirs, Tensor? labels)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var probabilities = own.sigmoid();
        whole.Add(probabilities, labels);
        foreach (var (position, teacher) in scoring.Index())
        {
            var reference = union.Scores(teacher) == ScoreKind.Sigmoid ? theirs[position].sigmoid() : theirs[position].softmax(1);
            student[position].Add(probabilities, labels);
            student[position].Compare(probabilities, reference);
            teachers[position].Add(reference, labels);
        }
    }

    /// <summary>The results so far.</summary>
    public IEnumerable<EvaluationRow> Rows() => student.Prepend(whole).Concat(teachers).SelectMany(m => m.Rows());

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var meter in student.Prepend(whole).Concat(teachers)) meter.Dispose();
    }
}
