using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Evaluation;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Quality;

/// <summary>How good each teacher's features are, and what each augmentation does to them and to the teacher's labels; no true label is asked.</summary>
public sealed class TeacherDiagnosis
{
    TeacherDiagnosis(IReadOnlyList<QualityRow> rows) => (Rows, Verdicts) = (rows, AugmentationVerdict.Of(rows));

    /// <summary>Teacher by teacher, augmentation by augmentation, tap by tap.</summary>
    public IReadOnlyList<QualityRow> Rows { get; }

    /// <summary>The augmentations, best first.</summary>
    public IReadOnlyList<AugmentationVerdict> Verdicts { get; }

    /// <summary>Measures a recipe's teachers.</summary>
    /// <param name="setup">The recipe, opened.</param>
    /// <param name="images">Unlabelled images a teacher at most, evenly spread over its own (those whose source names it, or nobody).</param>
    /// <param name="allTaps">Every value on the path to the scores instead of the recipe's taps.</param>
    /// <param name="progress">Told what is measured next.</param>
    /// <exception cref="InputException">A teacher without taps or without images.</exception>
    public static TeacherDiagnosis Run(AmalgamationSetup setup, int images, bool allTaps, Action<string> progress)
    {
        ArgumentNullException.ThrowIfNull(setup);
        ArgumentNullException.ThrowIfNull(progress);
        ArgumentOutOfRangeException.ThrowIfLessThan(images, 2);
        var rows = new List<QualityRow>();
        foreach (TeacherRecipe recipe in setup.Recipe.Teachers)
        {
            ImageSet own = OwnImages.Of(setup, recipe.Name, images);
            TeacherRecipe tapped = allTaps ? TeacherTaps.OnPath(recipe) : recipe with { Taps = recipe.Taps is { Count: 0 } ? null : recipe.Taps };
            using Teacher teacher = Teacher.Open(tapped, withTaps: true, setup.Compute.Session);
            using var plain = TeacherViews.Of(teacher, own, new ViewRecipe(ViewRecipe.Unchanged, []), setup.Recipe.Train.Seed, 1, setup.Train);
            using var nuisances = new Nuisances(own, setup.Recipe.Train.Seed);
            foreach (ViewRecipe view in ViewRecipe.Of(setup.Recipe.Augment, Math.Min(own.Height, own.Width)))
            {
                progress($"{recipe.Name}: {view.Name}, {own.Count} images");
                rows.AddRange(Measure(setup, teacher, own, view, plain, nuisances));
            }
        }

        return new TeacherDiagnosis(rows);
    }

    /// <summary>All rows under <see cref="QualityRow.Columns"/>.</summary>
    public string ToCsv()
    {
        using var text = new StringWriter();
        CsvTable.Write(text, QualityRow.Columns, Rows.Select(r => r.Values));
        return text.ToString();
    }

    static QualityRow[] Measure(AmalgamationSetup setup, Teacher teacher, ImageSet images, ViewRecipe view, TeacherViews plain, Nuisances nuisances)
    {
        TeacherViews View(int number, Nuisances? disturbed = null) => TeacherViews.Of(teacher, images, view, setup.Recipe.Train.Seed, number, setup.Train, disturbed);
        QualityRow[] rows = view.Steps.Count == 0 ? TapRows(teacher, images, view, plain, plain, plain) : Moved();
        using TeacherViews probed = View(1, nuisances);
        return [.. rows.Select((row, i) => Leaks(row, probed.Taps[i], nuisances))];

        QualityRow[] Moved()
        {
            using TeacherViews first = View(1), second = View(2);
            return TapRows(teacher, images, view, plain, first, second);
        }
    }

    static QualityRow Leaks(QualityRow row, TapSample sample, Nuisances nuisances)
    {
        using Tensor features = sample.Features();
        double?[] leaks = LinearProbe.HeldOutR2(features, nuisances.Brightness, nuisances.Colour, nuisances.Offset, nuisances.Blur);
        return row with { LeakBrightness = leaks[0], LeakColour = leaks[1], LeakOffset = leaks[2], LeakBlur = leaks[3] };
    }

    static QualityRow[] TapRows(Teacher teacher, ImageSet images, ViewRecipe view, TeacherViews plain, TeacherViews first, TeacherViews second)
    {
        long flips = plain.Labels.Zip(first.Labels).Count(l => l.First != l.Second);
        (double Low, double High)? interval = teacher.HasLogits ? Wilson.Interval(flips, images.Count) : null;
        double? rate = teacher.HasLogits ? (double)flips / images.Count : null;
        return [.. teacher.TapShapes.Select((shape, i) => Row(first.Taps[i], second.Taps[i], new QualityRow(
            teacher.Name, teacher.TapNames[i], view.Name, images.Count, 0, null, 0, 0, shape.Channels, 0, null, null, rate, interval?.Low, interval?.High)))];
    }

    static QualityRow Row(TapSample first, TapSample second, QualityRow empty)
    {
        using var scope = NewDisposeScope();
        var (u, v) = (first.Features(), second.Features());
        Tensor sparsity = first.Sparsity(), correlations = FeatureQuality.Correlations(u, v), live = correlations[correlations.isnan().logical_not()];
        double alignment = FeatureQuality.Alignment(u, v), spread = FeatureQuality.Spread(u);
        return empty with
        {
            Alignment = alignment,
            Shift = spread > 0 ? alignment / spread : null,
            Uniformity = FeatureQuality.Uniformity(u),
            RankMe = FeatureQuality.RankMe(u),
            Sparsity = sparsity.mean().item<double>(),
            Correlation = live.numel() > 0 ? live.mean().item<double>() : null,
            Decoupling = FeatureQuality.Decoupling(sparsity, correlations),
        };
    }
}
