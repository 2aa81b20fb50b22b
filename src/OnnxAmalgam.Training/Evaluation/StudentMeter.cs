using OnnxAmalgam.Training.Losses;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Evaluation;

/// <summary>A student's accuracy on the union and on each teacher's task, batch by batch.</summary>
internal sealed class StudentMeter : IDisposable
{
    readonly ClassScores scores;
    readonly TaskMeter[] meters;

    /// <summary>Starts counting; owns its meters.</summary>
    public StudentMeter(LabelUnion union, Device device)
    {
        scores = new ClassScores(union, device);
        int all = union.Classes.Count;
        int[] scoring = [.. Enumerable.Range(0, union.Teachers.Count).Where(union.HasScores)];
        Tasks = [.. scoring.Select(i => union.Teachers[i])];
        meters =
        [
            new TaskMeter("student", "union", [.. Enumerable.Range(0, all)], all, device),
            .. scoring.Select(i => new TaskMeter("student", union.Teachers[i], scores.Task(i), all, device)),
        ];
    }

    /// <summary>Names of the teachers' tasks.</summary>
    public IReadOnlyList<string> Tasks { get; }

    /// <summary>Counts a batch: Z[n, union], y[n] (int64 index of the class; negative: no label).</summary>
    public void Add(Tensor logits, Tensor classes)
    {
        using Tensor own = scores.OfStudent(logits);
        foreach (TaskMeter meter in meters)
        {
            meter.Add(own, classes);
        }
    }

    /// <summary>The results so far.</summary>
    public IReadOnlyList<EvaluationRow> Rows() => [.. meters.SelectMany(m => m.Rows())];

    /// <inheritdoc/>
    public void Dispose()
    {
        scores.Dispose();
        foreach (TaskMeter meter in meters)
        {
            meter.Dispose();
        }
    }
}
