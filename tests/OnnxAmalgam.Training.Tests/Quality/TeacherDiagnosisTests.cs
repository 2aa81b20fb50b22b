using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Quality;
using OnnxAmalgam.Training.Tests.Running;

namespace OnnxAmalgam.Training.Tests.Quality;

/// <summary>The demo's teachers on a few of its images.</summary>
public sealed class TeacherDiagnosisTests
{
    static readonly string[] Augmented = ["augment=[{crop: {padding: 2}}, flip]"];

    [Fact]
    public void Every_tap_is_measured_under_every_augmentation_on_its_teachers_own_images()
    {
        using AmalgamationSetup setup = ShortRun.Open(Augmented);
        var diagnosis = TeacherDiagnosis.Run(setup, 40, allTaps: false, _ => { });

        string[] augmentations = ["none", "crop(2)", "flip", "random_mask(0.1, 3)", "random_mask(0.5, 1)", "exemplar(0.25)", "exemplar(1)", "all"];
        Assert.Equal(setup.Recipe.Teachers.SelectMany(t => augmentations.Select(a => (t.Name, a))), diagnosis.Rows.Select(r => (r.Teacher, r.Augmentation)));
        Assert.All(diagnosis.Rows, r =>
        {
            Assert.Equal(40, r.Images);
            Assert.InRange(r.RankMe, 1, Math.Min(r.Channels, r.Images));
            Assert.InRange(r.Sparsity, 0, 1);
            Assert.InRange(r.Uniformity, -8, 0);
            Assert.Null(r.LeakColour);
            Assert.All([r.LeakBrightness, r.LeakOffset, r.LeakBlur], leak => Assert.InRange(leak!.Value, -5, 0.999));
        });
        Assert.All(diagnosis.Rows.Where(r => r.Augmentation == "none"), r => Assert.Equal((0, 0, 0), (r.Alignment, r.Shift, r.FlipRate)));
        Assert.All(diagnosis.Rows.Where(r => r.Augmentation != "none"), r => Assert.InRange(r.Alignment, 1e-4, 2));

        // Digits do not bear being mirrored nor losing half of their pixels one by one; a shift of two pixels they do.
        QualityRow Digits(string augmentation) => diagnosis.Rows.Single(r => r.Teacher == "digits" && r.Augmentation == augmentation);
        Assert.InRange(Digits("flip").FlipRate!.Value, 0.05, 1);
        Assert.InRange(Digits("crop(2)").FlipRate!.Value, 0, 0.05);
        Assert.True(Digits("crop(2)").Correlation > Digits("random_mask(0.5, 1)").Correlation);
        Assert.InRange(Digits("exemplar(0.25)").FlipRate!.Value, 0, Digits("exemplar(1)").FlipRate!.Value);
        Assert.Equal(augmentations.Skip(1).Order(StringComparer.Ordinal), diagnosis.Verdicts.Select(v => v.Augmentation).Order(StringComparer.Ordinal));
        Assert.Equal("safe and useful; not certain, take more images", diagnosis.Verdicts.Single(v => v.Augmentation == "crop(2)").Text);
        Assert.Equal("not safe: teachers change their minds", diagnosis.Verdicts.Single(v => v.Augmentation == "random_mask(0.5, 1)").Text);
        Assert.False(diagnosis.Verdicts.Single(v => v.Augmentation == "flip").IsSafe);
        Assert.True(diagnosis.Verdicts[0].IsSafe);
        Assert.Equal(diagnosis.Rows.Count + 1, diagnosis.ToCsv().Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public void What_a_tap_tells_of_light_place_and_blur_is_lost_where_an_augmentation_changes_them()
    {
        using AmalgamationSetup setup = ShortRun.Open("augment=[]", "train.select=last", "data.unlabelled.0.limit=300", "data.unlabelled.1.limit=300");
        var diagnosis = TeacherDiagnosis.Run(setup, 300, allTaps: false, _ => { });
        QualityRow Digits(string augmentation) => diagnosis.Rows.Single(r => r.Teacher == "digits" && r.Augmentation == augmentation);
        var (none, exemplar) = (Digits("none"), Digits("exemplar(1)"));
        Assert.InRange(none.LeakBrightness!.Value, 0.6, 0.95);
        Assert.InRange(none.LeakOffset!.Value, 0.3, 0.95);
        Assert.InRange(none.LeakBlur!.Value, 0.3, 0.95);
        Assert.True(exemplar.LeakBrightness < none.LeakBrightness - 0.2);
        Assert.True(exemplar.LeakBlur < none.LeakBlur - 0.2);
        Assert.True(Digits("crop(3)").LeakOffset < none.LeakOffset - 0.1);
        // squares behind the mean show the mean
        Assert.True(Digits("random_mask(0.5, 1)").LeakBrightness > none.LeakBrightness + 0.1);
    }

    [Fact]
    public void All_taps_are_those_on_the_path_to_the_scores()
    {
        using AmalgamationSetup setup = ShortRun.Open("augment=[]", "train.select=last");
        var diagnosis = TeacherDiagnosis.Run(setup, 8, allTaps: true, _ => { });
        foreach (var teacher in setup.Recipe.Teachers)
        {
            string[] taps = [.. diagnosis.Rows.Where(r => r.Teacher == teacher.Name && r.Augmentation == "none").Select(r => r.Tap)];
            Assert.Equal(Anatomy.TapsOnPath(OnnxModel.Load(teacher.Model)).Select(t => t.Value), taps);
            Assert.Contains(Anatomy.AutoTap(OnnxModel.Load(teacher.Model)).Value, taps);
            Assert.True(taps.Length > 4);
        }
    }

    [Fact]
    public void A_teacher_that_has_no_images_is_named()
    {
        using AmalgamationSetup setup = ShortRun.Open("data.unlabelled.1.domain=digits", "train.select=last");
        string message = Assert.Throws<InputException>(() => TeacherDiagnosis.Run(setup, 8, allTaps: false, _ => { })).Message;
        Assert.StartsWith("teacher 'clothes': expected unlabelled images of its domain, got none", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_taggers_image_flips_where_any_of_its_tags_does()
    {
        double? Flips(params string[] overrides)
        {
            using AmalgamationSetup setup = ShortRun.Open([.. Augmented, .. overrides]);
            return TeacherDiagnosis.Run(setup, 60, allTaps: false, _ => { }).Rows.Single(r => r is { Teacher: "digits", Augmentation: "flip" }).FlipRate;
        }

        double top = Flips()!.Value, tags = Flips("teachers.0.scores=sigmoid", "teachers.1.scores=sigmoid", "amalgamation={labels: gated, losses: [{multi_label: {weight: 1}}]}")!.Value;
        // where the best of ten scores changes some score passes zero, and elsewhere, too
        Assert.True(tags > top, $"{tags} against {top}");
    }
}
