using OnnxAmalgam.Training.Losses;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Evaluation;

/// <summary>evaluation.csv, batch by batch: the student, the concatenated teachers and each teacher, on the union and on each teacher's task.</summary>
/// <remarks>Rows in this order: student (accuracy and calibration, then agreement), <c>concatenated</c>, each teacher. Agreement is the
/// student's: with the concatenated teachers on the union, with each teacher on its task, over images of the task where labels are
/// known, else over all images. A teacher is measured on its own task only; one without scores has none.</remarks>
internal sealed class EvaluationMeter : IDisposable
{
    readonly ClassScores _scores;
    readonly int[] _scoring;
    readonly (TaskMeter Union, TaskMeter[] Tasks) _student;
    readonly (TaskMeter Union, TaskMeter[] Tasks) _concatenated;
    readonly TaskMeter[] _teachers;
    readonly (AgreementMeter Union, AgreementMeter[] Tasks) _agreement;

    /// <summary>Starts counting; owns its meters.</summary>
    public EvaluationMeter(LabelUnion union, Device device)
    {
        _scores = new(union, device);
        _scoring = [.. Enumerable.Range(0, union.Teachers.Count).Where(union.HasScores)];
        var all = union.Classes.Count;
        int[] everything = [.. Enumerable.Range(0, all)];
        _student = (Meter("student"), Tasks(_ => "student"));
        _concatenated = (Meter("concatenated"), Tasks(_ => "concatenated"));
        _teachers = Tasks(i => union.Teachers[i]);
        _agreement = (new("student", "union", everything, all, device),
            [.. _scoring.Select(i => new AgreementMeter("student", union.Teachers[i], _scores.Task(i), all, device))]);

        TaskMeter Meter(string model) => new(model, "union", everything, all, device);
        TaskMeter[] Tasks(Func<int, string> model) => [.. _scoring.Select(i => new TaskMeter(model(i), union.Teachers[i], _scores.Task(i), all, device))];
    }

    /// <summary>Counts a batch.</summary>
    /// <param name="student">The student's scores Z[n, union].</param>
    /// <param name="teachers">z_i[n, classes_i] for each teacher in recipe order; null for one without scores.</param>
    /// <param name="labels">y[n], int64 index into <see cref="LabelUnion.Classes"/>, negative: none; null: no image has a label, only agreement is measured.</param>
    public void Add(Tensor student, IReadOnlyList<Tensor?> teachers, Tensor? labels)
    {
        using var scope = NewDisposeScope();
        var own = _scores.OfStudent(student);
        var concatenated = _scores.OfConcatenated(teachers);
        _agreement.Union.Add(own, concatenated, labels);
        foreach (var (position, teacher) in _scoring.Index())
        {
            var scores = _scores.OfTeacher(teacher, teachers[teacher]!);
            _agreement.Tasks[position].Add(own, scores, labels);
            if (labels is not null) _teachers[position].Add(scores, labels);
        }
        if (labels is null) return;
        foreach (var meter in Both(_student)) meter.Add(own, labels);
        foreach (var meter in Both(_concatenated)) meter.Add(concatenated, labels);
    }

    /// <summary>The results so far.</summary>
    public IReadOnlyList<EvaluationRow> Rows() =>
    [
        .. Both(_student).SelectMany(m => m.Rows()),
        .. _agreement.Union.Rows(),
        .. _agreement.Tasks.SelectMany(m => m.Rows()),
        .. Both(_concatenated).Concat(_teachers).SelectMany(m => m.Rows()),
    ];

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var meter in Both(_student).Concat(Both(_concatenated)).Concat(_teachers)) meter.Dispose();
        foreach (var meter in _agreement.Tasks.Append(_agreement.Union)) meter.Dispose();
        _scores.Dispose();
    }

    static IEnumerable<TaskMeter> Both((TaskMeter Union, TaskMeter[] Tasks) model) => model.Tasks.Prepend(model.Union);
}
