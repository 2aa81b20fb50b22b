using OnnxAmalgam.Training.Losses;

namespace OnnxAmalgam.Training.CommonSpace;

/// <summary>Which of the teachers' taps each tap of the student is compared with.</summary>
/// <remarks>Each tap of the student is a level. A teacher with as many taps as the student has one at each level, in the order of both lists.
/// Of any other teacher each tap belongs to the level whose grid is nearest: least |log of the areas' ratio|, the later level of equals; a tap
/// without a grid belongs to the last level without one, or else to the last.</remarks>
/// <param name="Taps">For each level the indices of its teachers' taps, ascending.</param>
internal sealed record TapLevels(IReadOnlyList<IReadOnlyList<int>> Taps)
{
    /// <summary>No levels.</summary>
    public static TapLevels None { get; } = new([]);

    /// <summary>All taps, level by level.</summary>
    public IEnumerable<int> Order => Taps.SelectMany(t => t);

    /// <summary>Matches taps.</summary>
    /// <param name="students">The student's taps, at least one.</param>
    /// <param name="taps">The teachers' taps, teacher by teacher.</param>
    public static TapLevels Match(IReadOnlyList<TapShape> students, IReadOnlyList<TeacherTap> taps)
    {
        var levels = students.Select(_ => new List<int>()).ToArray();
        foreach (var teacher in taps.Index().GroupBy(t => t.Item.Teacher))
        {
            var own = teacher.ToArray();
            foreach (var (place, (index, tap)) in own.Index())
                levels[own.Length == students.Count ? place : Nearest(students, tap.Shape)].Add(index);
        }
        return new([.. levels.Select(l => l.Order().ToArray())]);
    }

    static int Nearest(IReadOnlyList<TapShape> students, TapShape tap)
    {
        var distances = students.Select(s => Distance(s.Grid, tap.Grid)).ToArray();
        return Array.LastIndexOf(distances, distances.Min());
    }

    static double Distance((long Height, long Width)? a, (long Height, long Width)? b) => (a, b) switch
    {
        (null, null) => 0,
        ({ } x, { } y) => Math.Abs(Math.Log((double)(x.Height * x.Width) / (y.Height * y.Width))),
        _ => double.PositiveInfinity,
    };
}
