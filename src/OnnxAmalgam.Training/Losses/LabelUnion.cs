using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Losses;

/// <summary>A teacher and what its scores mean.</summary>
/// <param name="Teacher">Its name.</param>
/// <param name="Labels">Class names in output order; empty: features only, no scores.</param>
/// <param name="Scores">What the scores are.</param>
public sealed record TeacherLabels(string Teacher, IReadOnlyList<string> Labels, ScoreKind Scores = ScoreKind.Softmax);

/// <summary>The union of the teachers' labels: what the student's scores mean, and where each teacher's classes lie in it.</summary>
/// <remarks>Teachers in recipe order, each in its own order. A label met again (exact string, also within one teacher) is the same label;
/// where duplicates are kept it is a label of its own, named <c>TEACHER/label</c>, that still means the same class: <see cref="Classes"/>.</remarks>
public sealed class LabelUnion
{
    readonly int[][] places;
    readonly int[][] tasks;
    readonly int[] classes;
    readonly ScoreKind[] kinds;
    readonly Dictionary<string, int> classIndices = new(StringComparer.Ordinal);

    /// <summary>Merges the labels.</summary>
    /// <param name="teachers">At least one of them with labels.</param>
    /// <param name="keepDuplicates">As published: one score per teacher and class.</param>
    /// <exception cref="InputException">No teacher has labels, or an empty name is among them.</exception>
    public LabelUnion(IReadOnlyList<TeacherLabels> teachers, bool keepDuplicates)
    {
        Teachers = [.. teachers.Select(t => t.Teacher)];
        kinds = [.. teachers.Select(t => t.Scores)];
        Require(teachers);
        List<string> labels = [], names = [];
        List<int> classOf = [];
        HashSet<string> taken = new(StringComparer.Ordinal);
        places = [.. teachers.Select(t => t.Labels.Select(label => Place(t.Teacher, label)).ToArray())];
        tasks = [.. places.Select(p => p.Distinct().ToArray())];
        (Labels, Classes, classes) = (labels, names, [.. classOf]);

        int Place(string teacher, string label)
        {
            var known = classIndices.TryGetValue(label, out var index);
            if (known && !keepDuplicates) return index;
            if (!known)
            {
                classIndices.Add(label, index = names.Count);
                names.Add(label);
            }
            labels.Add(Free(known ? $"{teacher}/{label}" : label));
            classOf.Add(index);
            return labels.Count - 1;
        }

        string Free(string name)
        {
            var free = name;
            for (var number = 2; !taken.Add(free); number++) free = $"{name}#{number}";
            return free;
        }
    }

    /// <summary>All teachers' names, those without scores too.</summary>
    public IReadOnlyList<string> Teachers { get; }

    /// <summary>Names of the student's scores, unique.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>Distinct class names in the order of the union; equal to <see cref="Labels"/> unless duplicates are kept.</summary>
    public IReadOnlyList<string> Classes { get; }

    /// <summary>Number of scores.</summary>
    public int Count => Labels.Count;

    /// <summary>Whether this teacher has scores.</summary>
    public bool HasScores(int teacher) => places[teacher].Length > 0;

    /// <summary>What this teacher's scores are.</summary>
    public ScoreKind Scores(int teacher) => kinds[teacher];

    /// <summary>Class of the teacher -> index into <see cref="Labels"/>.</summary>
    public IReadOnlyList<int> Places(int teacher) => places[teacher];

    /// <summary>The teacher's task: its distinct indices into <see cref="Labels"/>, in its own order.</summary>
    public IReadOnlyList<int> Task(int teacher) => tasks[teacher];

    /// <summary>Index into <see cref="Labels"/> -> index into <see cref="Classes"/>.</summary>
    public int ClassOf(int label) => classes[label];

    /// <summary>Index into <see cref="Classes"/> of a class name; -1: not in the union.</summary>
    public int ClassIndex(string name) => classIndices.GetValueOrDefault(name, -1);

    /// <summary>Index into <see cref="Labels"/> of a class name, the first where it was met several times; -1: not in the union.</summary>
    public int LabelIndex(string name) => classIndices.TryGetValue(name, out var index) ? Array.IndexOf(classes, index) : -1;

    static void Require(IReadOnlyList<TeacherLabels> teachers)
    {
        if (teachers.All(t => t.Labels.Count == 0))
            throw new InputException("teachers: expected at least one with scores and labels, got none; a student needs labels to predict");
        var nameless = teachers.Where(t => t.Labels.Any(string.IsNullOrEmpty)).Select(t => $"teacher '{t.Teacher}'").ToArray();
        if (nameless.Length > 0)
            throw new InputException($"{string.Join(", ", nameless)}: expected a name for every label, got an empty one; name all classes under 'labels'");
    }
}
