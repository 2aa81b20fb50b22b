using OnnxAmalgam.Training.Losses;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Evaluation;

/// <summary>evaluation.csv, batch by batch: the student, the concatenated teachers and each teacher, on the union and on each teacher's task.</summary>
/// <remarks>Rows in this order: student (accuracy and calibration, then agreement), <c>concatenated</c>, each teacher. Agreement is the
/// student's: with the concatenated teachers on the union, with each teacher on its task, over images of the task where labels are
/// known, else over all images. A teacher is measured on its own task only; one without scores has none.</remarks>
internal sealed class EvaluationMeter : IDisposable
{
    readonly ClassScores scores;
    readonly int[] scoring;
    readonly (TaskMeter Union, TaskMeter[] Tasks) student;
    readonly (TaskMeter Union, TaskMeter[] Tasks) concatenated;
    readonly TaskMeter[] teachers;
    readonly (AgreementMeter Union, AgreementMeter[] Tasks) agreement;
    readonly MultiLabelRows? multiLabel;

    /// <summary>Starts counting; owns its meters.</summary>
    /// <param name="union">Teachers and labels.</param>
    /// <param name="device">Where scores come from.</param>
    /// <param name="multiLabel">Whether the student's scores are sigmoids: rows by label (<see cref="MultiLabelRows"/>) follow the others then.</param>
    public EvaluationMeter(LabelUnion union, Device device, bool multiLabel = false)
    {
        scores = new(union, device);
        scoring = [.. Enumerable.Range(0, union.Teachers.Count).Where(union.HasScores)];
        var all = union.Classes.Count;
        int[] everything = [.. Enumerable.Range(0, all)];
        student = (Meter("student"), Tasks(_ => "student"));
        concatenated = (Meter("concatenated"), Tasks(_ => "concatenated"));
        teachers = Tasks(i => union.Teachers[i]);
        agreement = (new("student", "union", everything, all, device),
            [.. scoring.Select(i => new AgreementMeter("student", union.Teachers[i], scores.Task(i), all, device))]);

        this.multiLabel = multiLabel ? new(union, scores, device) : null;

        TaskMeter Meter(string model) => new(model, "union", everything, all, device);
        TaskMeter[] Tasks(Func<int, string> model) => [.. scoring.Select(i => new TaskMeter(model(i), union.Teachers[i], scores.Task(i), all, device))];
    }

    /// <summary>Counts a batch.</summary>
    /// <param name="logits">The student's scores Z[n, union].</param>
    /// <param name="teacherLogits">z_i[n, classes_i] for each teacher in recipe order; null for one without scores.</param>
    /// <param name="labels">y[n], int64 index into <see cref="LabelUnion.Classes"/>, negative: none; null: no image has a label, only agreement is measured.</param>
    public void Add(Tensor logits, IReadOnlyList<Tensor?> teacherLogits, Tensor? labels)
    {
        using var scope = NewDisposeScope();
        var own = scores.OfStudent(logits);
        var all = scores.OfConcatenated(teacherLogits);
        agreement.Union.Add(own, all, labels);
        foreach (var (position, teacher) in scoring.Index())
        {
            var theirs = scores.OfTeacher(teacher, teacherLogits[teacher]!);
            agreement.Tasks[position].Add(own, theirs, labels);
            if (labels is not null) teachers[position].Add(theirs, labels);
        }
        multiLabel?.Add(own, [.. scoring.Select(i => scores.OfTeacher(i, teacherLogits[i]!))], labels);
        if (labels is null) return;
        foreach (var meter in Both(student)) meter.Add(own, labels);
        foreach (var meter in Both(concatenated)) meter.Add(all, labels);
    }

    /// <summary>The results so far.</summary>
    public IReadOnlyList<EvaluationRow> Rows() =>
    [
        .. Both(student).SelectMany(m => m.Rows()),
        .. agreement.Union.Rows(),
        .. agreement.Tasks.SelectMany(m => m.Rows()),
        .. Both(concatenated).Concat(teachers).SelectMany(m => m.Rows()),
        .. multiLabel?.Rows() ?? [],
    ];

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var meter in Both(student).Concat(Both(concatenated)).Concat(teachers)) meter.Dispose();
        foreach (var meter in agreement.Tasks.Append(agreement.Union)) meter.Dispose();
        multiLabel?.Dispose();
        scores.Dispose();
    }

    static IEnumerable<TaskMeter> Both((TaskMeter Union, TaskMeter[] Tasks) model) => model.Tasks.Prepend(model.Union);
}
