using OnnxAmalgam.Training.Quality;
using OnnxAmalgam.Training.Evaluation;

namespace OnnxAmalgam.Training.Tests.Quality;

public sealed class AugmentationVerdictTests
{
    [Theory]
    [InlineData(10, 10, 0.2, "safe and useful")]
    [InlineData(10, 10, 0.001, "safe, changes little")]
    [InlineData(10, 300, 0.2, "not safe: teachers change their minds")]
    [InlineData(300, 10, 0.001, "not safe, and changes little")]
    [InlineData(10, 49, 0.2, "safe and useful; not certain, take more images")]
    [InlineData(52, 10, 0.2, "not safe: teachers change their minds; not certain, take more images")]
    [InlineData(52, 300, 0.2, "not safe: teachers change their minds")]
    public void The_teacher_that_changes_its_mind_most_decides_and_the_tap_that_moves_most(int first, int second, double shift, string text)
    {
        var verdict = Assert.Single(AugmentationVerdict.Of([Row("a", "none", 0, 0), Row("a", "flip", first, 0.0005), Row("b", "flip", second, shift)]));
        Assert.Equal(("flip", text), (verdict.Augmentation, verdict.Text));
        Assert.Equal(Math.Max(first, second) / 1000.0, verdict.WorstFlipRate);
        Assert.Equal(shift, verdict.LargestShift);
    }

    [Fact]
    public void Safe_and_useful_ones_come_first_by_their_decoupling_and_teachers_without_scores_have_no_say()
    {
        QualityRow silent = Row("q", "blur", 0, 0.1) with { FlipRate = null, FlipLow = null, FlipHigh = null };
        var verdicts = AugmentationVerdict.Of([Row("a", "mask", 400, 0.9), Row("a", "idle", 0, 0), Row("a", "flip", 1, 0.1) with { Decoupling = -0.2 }, silent with { Decoupling = 0.4 }]);
        Assert.Equal(["blur", "flip", "idle", "mask"], verdicts.Select(v => v.Augmentation));
        Assert.Equal((null, "safe and useful"), (verdicts[0].WorstFlipRate, verdicts[0].Text));
    }

    [Fact]
    public void What_takes_nuisances_away_comes_before_what_does_not_and_what_adds_a_clue_is_not_useful()
    {
        QualityRow none = Row("a", "none", 0, 0) with { LeakBrightness = 0.5, LeakOffset = 0.4, LeakBlur = -3 };
        var verdicts = AugmentationVerdict.Of(
        [
            none,
            Row("a", "flip", 1, 0.1) with { LeakBrightness = 0.5, LeakOffset = 0.4, LeakBlur = -1 },
            Row("a", "mask", 1, 0.1) with { LeakBrightness = 0.9, LeakOffset = 0.4, LeakBlur = -1, Decoupling = 0.9 },
            Row("a", "crop", 1, 0.1) with { LeakBrightness = 0.5, LeakOffset = 0.1, LeakBlur = -1, Decoupling = -0.9 },
        ]);
        Assert.Equal(["crop", "flip", "mask"], verdicts.Select(v => v.Augmentation));
        Assert.Equal([-0.1, 0, 0.133333], verdicts.Select(v => Math.Round(v.LeakChange!.Value, 6)));
        Assert.Equal(["safe and useful", "safe and useful", "safe, but adds a clue: nuisances show more"], verdicts.Select(v => v.Text));
        Assert.Equal([true, true, false], verdicts.Select(v => v.IsUseful));
    }

    static QualityRow Row(string teacher, string augmentation, int flips, double shift)
    {
        var (low, high) = Wilson.Interval(flips, 1000);
        return new(teacher, "tap", augmentation, 1000, shift, shift, -1, 3, 8, 0.5, 0.9, 0.1, flips / 1000.0, low, high);
    }
}
