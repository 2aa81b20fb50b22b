using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Evaluation;

namespace OnnxAmalgam.Training.Comparison;

/// <summary>A method over its seeds, or a baseline, on one task.</summary>
/// <param name="Method">The recipe's name; <c>concatenated</c> or a teacher's name for a baseline.</param>
/// <param name="IsBaseline">Whether it was not trained here.</param>
/// <param name="Task"><c>union</c> or a teacher's name.</param>
/// <param name="Seeds">Number of runs; 0 for a baseline.</param>
/// <param name="Images">Images it was measured on.</param>
/// <param name="Accuracy">Mean over seeds.</param>
/// <param name="CiLow">Lower end of the 95 % interval: Student's t over seeds, Wilson's over images for a baseline; null: one seed.</param>
/// <param name="CiHigh">Its upper end.</param>
public sealed record MethodRow(string Method, bool IsBaseline, string Task, int Seeds, long Images, double Accuracy, double? CiLow, double? CiHigh);

/// <summary>Two methods on the union, on the same images.</summary>
/// <param name="Method">The first.</param>
/// <param name="Against">The second.</param>
/// <param name="Seeds">Runs of each.</param>
/// <param name="Images">Test images.</param>
/// <param name="Difference">Mean accuracy of the first minus the second's.</param>
/// <param name="CiLow">95 % interval over seeds (Student's t of the differences seed by seed); null: one seed.</param>
/// <param name="CiHigh">Its upper end.</param>
/// <param name="ImageCiLow">95 % interval over images (paired bootstrap of the mean over seeds).</param>
/// <param name="ImageCiHigh">Its upper end.</param>
/// <param name="OnlyMethod">Images that only the first gets right in most of its seeds (of a tie: in its first seed).</param>
/// <param name="OnlyAgainst">Images that only the second does.</param>
/// <param name="McNemarP">McNemar's exact test of these two counts.</param>
public sealed record PairRow(
    string Method, string Against, int Seeds, int Images, double Difference, double? CiLow, double? CiHigh,
    double ImageCiLow, double ImageCiHigh, int OnlyMethod, int OnlyAgainst, double McNemarP);

/// <summary>Methods against each other on the same test images.</summary>
public sealed class MethodComparison
{
    /// <summary>Columns of <see cref="ToCsv"/>.</summary>
    public static IReadOnlyList<string> Columns { get; } =
        ["row", "method", "against", "task", "seeds", "images", "value", "ci_low", "ci_high", "image_ci_low", "image_ci_high", "only_method", "only_against", "mcnemar_p"];

    /// <summary>Measures all methods and all pairs.</summary>
    /// <param name="methods">At least one, with the same number of runs each, in the order of seeds.</param>
    /// <param name="seed">Of the bootstrap.</param>
    /// <exception cref="InputException">The methods were not tested on the same labelled images.</exception>
    public MethodComparison(IReadOnlyList<(string Name, IReadOnlyList<MethodRun> Runs)> methods, long seed)
    {
        ArgumentNullException.ThrowIfNull(methods);
        RequireSameImages(methods);
        Methods = [.. methods.SelectMany(m => Rows(m.Name, m.Runs))];
        Baselines = [.. BaselinesOf(methods)];
        Pairs = MakePairs(methods, seed);
    }

    /// <summary>Methods in the order given, the union first, then each teacher's task.</summary>
    public IReadOnlyList<MethodRow> Methods { get; }

    /// <summary>The concatenated teachers and each teacher on its own task, of all methods; where these differ in it, with the first method's name behind it.</summary>
    public IReadOnlyList<MethodRow> Baselines { get; }

    /// <summary>Every pair, in the order of methods.</summary>
    public IReadOnlyList<PairRow> Pairs { get; }

    /// <summary>All rows under <see cref="Columns"/>; row is <c>method</c>, <c>baseline</c> or <c>pair</c>.</summary>
    public string ToCsv()
    {
        using var text = new StringWriter();
        CsvTable.Write(text, Columns,
        [
            .. Methods.Concat(Baselines).Select(r => (IReadOnlyList<object?>)
                [r.IsBaseline ? "baseline" : "method", r.Method, null, r.Task, r.IsBaseline ? null : r.Seeds, r.Images, r.Accuracy, r.CiLow, r.CiHigh, null, null, null, null, null]),
            .. Pairs.Select(p => (IReadOnlyList<object?>)
                ["pair", p.Method, p.Against, "union", p.Seeds, p.Images, p.Difference, p.CiLow, p.CiHigh, p.ImageCiLow, p.ImageCiHigh, p.OnlyMethod, p.OnlyAgainst, p.McNemarP]),
        ]);
        return text.ToString();
    }

    static IEnumerable<MethodRow> BaselinesOf(IReadOnlyList<(string Name, IReadOnlyList<MethodRun> Runs)> methods)
    {
        var all = methods.SelectMany(m => m.Runs[0].Evaluation.Where(r => r is { Metric: "accuracy_top1", Model: not "student" }).Select(r => (Method: m.Name, Row: r)));
        foreach (var same in all.GroupBy(one => (one.Row.Model, one.Row.Task)))
        {
            var different = same.DistinctBy(one => (one.Row.Value, one.Row.N)).ToArray();
            foreach (var (method, row) in different)
                yield return new MethodRow(different.Length == 1 ? row.Model : $"{row.Model} ({method})", true, row.Task, 0, row.N, row.Value, row.CiLow, row.CiHigh);
        }
    }

    static IEnumerable<MethodRow> Rows(string name, IReadOnlyList<MethodRun> runs)
    {
        var own = runs.Select(r => r.Evaluation.Where(e => e is { Model: "student", Metric: "accuracy_top1" }).ToArray()).ToArray();
        foreach (EvaluationRow first in own[0])
        {
            var (mean, low, high) = StudentT.Interval([.. own.Select(rows => rows.Single(r => r.Task == first.Task).Value)]);
            yield return new MethodRow(name, false, first.Task, runs.Count, first.N, mean, low, high);
        }
    }

    static PairRow[] MakePairs(IReadOnlyList<(string Name, IReadOnlyList<MethodRun> Runs)> methods, long seed)
    {
        if (methods.Count < 2)
            return [];
        int images = methods[0].Runs[0].Answers.Right.Count;
        int seeds = methods[0].Runs.Count;
        int[][] counts = [.. methods.Select(m => Enumerable.Range(0, images).Select(i => m.Runs.Count(r => r.Answers.Right[i])).ToArray())];
        bool[][] right = [.. methods.Select((m, k) => Enumerable.Range(0, images).Select(i => 2 * counts[k][i] == seeds ? m.Runs[0].Answers.Right[i] : 2 * counts[k][i] > seeds).ToArray())];
        double[][] bySeed = [.. methods.Select(m => m.Runs.Select(r => Enumerable.Range(0, images).Average(i => r.Answers.Right[i] ? 1.0 : 0)).ToArray())];
        var intervals = PairedBootstrap.Differences(counts, seeds, seed);
        var pairs = new List<PairRow>();
        for (int a = 0; a < methods.Count; a++)
        {
            for (int b = a + 1; b < methods.Count; b++)
            {
                var (difference, low, high) = StudentT.Interval([.. bySeed[a].Zip(bySeed[b], (x, y) => x - y)]);
                int only = Enumerable.Range(0, images).Count(i => right[a][i] && !right[b][i]), other = Enumerable.Range(0, images).Count(i => right[b][i] && !right[a][i]);
                var (imageLow, imageHigh) = intervals[pairs.Count];
                pairs.Add(new PairRow(methods[a].Name, methods[b].Name, methods[a].Runs.Count, images, difference, low, high, imageLow, imageHigh, only, other, McNemar.P(only, other)));
            }
        }

        return [.. pairs];
    }

    static void RequireSameImages(IReadOnlyList<(string Name, IReadOnlyList<MethodRun> Runs)> methods)
    {
        TestAnswers first = methods[0].Runs[0].Answers;
        foreach (var (name, runs) in methods)
        {
            if (runs.Any(r => r.Answers.Images != first.Images || r.Answers.Right.Count != first.Right.Count))
                throw new InputException($"'{name}': expected the test images and labels of '{methods[0].Name}', got others; compare recipes with the same data.test");
        }

        TestAnswers.RequireLabels(first.Nameless);
    }
}
