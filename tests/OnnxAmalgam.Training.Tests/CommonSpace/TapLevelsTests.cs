using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.CommonSpace;
using OnnxAmalgam.Training.Losses;

namespace OnnxAmalgam.Training.Tests.CommonSpace;

public sealed class TapLevelsTests
{
    static TapShape Map(long side) => new("map", TapKind.Spatial, 1, [-1, 3, side, side]);

    static TapShape Pooled => new("pooled", TapKind.Pooled, 1, [-1, 3]);

    static int[][] Match(TapShape[] students, params (int Teacher, TapShape Shape)[] taps) =>
        [.. TapLevels.Match(students, [.. taps.Select(t => new TeacherTap(t.Teacher, t.Shape))]).Taps.Select(l => l.ToArray())];

    [Fact]
    public void One_tap_of_the_student_has_all_taps_in_their_order() =>
        Assert.Equal([[0, 1, 2]], Match([Map(7)], (0, Map(28)), (0, Pooled), (1, Map(7))));

    [Fact]
    public void As_many_taps_as_the_student_has_are_matched_in_order_whatever_their_grids() =>
        Assert.Equal([[0], [1]], Match([Map(28), Map(14)], (0, Map(7)), (0, Map(56))));

    [Fact]
    public void Other_taps_go_to_the_nearest_grid_and_to_the_deeper_of_two_alike() =>
        Assert.Equal([[1], [], [0, 2, 3]], Match([Map(28), Map(7), Map(7)], (0, Map(9)), (1, Map(32)), (1, Map(8)), (2, Map(1))));

    [Fact]
    public void A_tap_without_a_grid_goes_to_one_without_or_to_the_last()
    {
        Assert.Equal([[], [0], []], Match([Map(28), Pooled, Map(7)], (0, Pooled)));
        Assert.Equal([[], [0]], Match([Map(28), Map(7)], (0, Pooled)));
    }
}
