using System.Globalization;
using System.Text.Json;
using OnnxAmalgam.Cli.Reports.Pages;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Metadata;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Evaluation;
using OnnxAmalgam.Training.Recipes;
using OnnxAmalgam.Training.Runs;

namespace OnnxAmalgam.Cli.Reports;

/// <summary>What a finished run's page and plots are made from.</summary>
internal sealed record ReportedRun
{
    const int MapImages = 1500;

    /// <summary>The recipe's name.</summary>
    public required string Name { get; init; }

    /// <summary>recipe.yaml.</summary>
    public required string Recipe { get; init; }

    /// <summary>evaluation.csv.</summary>
    public required IReadOnlyList<EvaluationRow> Evaluation { get; init; }

    /// <summary>results.csv: a curve a column.</summary>
    public required IReadOnlyList<Curve> Curves { get; init; }

    /// <summary>benchmark.csv; null: there is none.</summary>
    public required (IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string>> Rows)? Benchmark { get; init; }

    /// <summary>environment.json, name and value.</summary>
    public required IReadOnlyList<(string Name, string Value)> Environment { get; init; }

    /// <summary>Teachers, each with its labels; a class belongs to the first that has it.</summary>
    public required IReadOnlyList<(string Name, IReadOnlyList<string> Labels)> Teachers { get; init; }

    /// <summary>The student's answers by class; null: see <see cref="Missing"/>.</summary>
    public ClassResults? Classes { get; init; }

    /// <summary>The student's features; null: its images or its teachers are not there.</summary>
    public FeatureMap? Map { get; init; }

    /// <summary>Why nothing can be said class by class; null: it can.</summary>
    public string? Missing { get; init; }

    /// <summary>The curves that belong on one plot; those of which something is known.</summary>
    public IEnumerable<(string Name, IReadOnlyList<Curve> Curves)> Charts
    {
        get
        {
            (string Name, IReadOnlyList<Curve> Curves)[] all =
            [
                ("loss", Those(c => c is "train/loss" or "val/loss")), ("terms", Curves.Count(c => IsTerm(c.Name)) > 1 ? Those(IsTerm) : []),
                ("accuracy on validation images", Those(c => c.StartsWith("metrics/accuracy_top1", StringComparison.Ordinal))), ("learning rate", Those(c => c.StartsWith("lr/", StringComparison.Ordinal))),
            ];
            return all.Where(c => c.Curves.Count > 0);

            static bool IsTerm(string column) => column.StartsWith("train/", StringComparison.Ordinal) && column != "train/loss";
            Curve[] Those(Func<string, bool> isOf) => [.. Curves.Where(c => isOf(c.Name) && c.Points.Count > 0)];
        }
    }

    /// <summary>Index of the teacher that a class belongs to; negative: none.</summary>
    public int TeacherOf(string? label) => label is null ? -1 : Teachers.Index().Where(t => t.Item.Labels.Contains(label, StringComparer.Ordinal)).Select(t => t.Index).FirstOrDefault(-1);

    /// <summary>Reads a run's files, and looks at the images that it was evaluated on.</summary>
    /// <param name="folder">Of a finished run.</param>
    /// <param name="recipe">Its recipe.</param>
    /// <param name="setup">Its recipe, opened; null: it cannot be, then there is no <see cref="Map"/>.</param>
    /// <param name="warn">Told what the page lacks, or shows of other images.</param>
    public static ReportedRun Of(RunFolder folder, Recipe recipe, AmalgamationSetup? setup, Action<string> warn)
    {
        var evaluation = EvaluationRow.ReadCsv(folder.Evaluation);
        PredictionTable? predictions = recipe.Amalgamation.IsMultiLabel || !File.Exists(folder.Predictions) ? null : PredictionTable.Read(folder.Predictions);
        bool isLabelled = evaluation.Any(r => r is { Model: "student", Metric: "accuracy_top1" });
        return new ReportedRun
        {
            Name = recipe.Name,
            Recipe = File.ReadAllText(folder.Recipe),
            Evaluation = evaluation,
            Curves = File.Exists(folder.Results) ? ReadCurves(CsvTable.Read(folder.Results)) : [],
            Benchmark = File.Exists(folder.Benchmark) ? CsvTable.Read(folder.Benchmark) : null,
            Environment = File.Exists(folder.Environment) ? ReadEnvironment(File.ReadAllText(folder.Environment)) : [],
            Teachers = setup is null ? [.. recipe.Teachers.Select(t => (t.Name, t.Labels ?? []))] : [.. setup.Teachers.Select(t => (t.Name, t.Labels))],
            Classes = predictions is null ? null : new ClassResults(predictions, ClassesOf(folder.Student, recipe)),
            Missing = predictions is not null ? null
                : recipe.Amalgamation.IsMultiLabel ? "Its labels do not exclude each other."
                : isLabelled ? "The run holds no predictions.csv." : "No image that it was evaluated on has a label.",
            Map = predictions is null ? null : MapOf(folder.Student, setup, predictions, warn),
        };
    }

    /// <summary>The features of the images that the run was evaluated on; null: they are not there, or the student has none.</summary>
    static FeatureMap? MapOf(string student, AmalgamationSetup? setup, PredictionTable predictions, Action<string> warn)
    {
        if ((setup?.Test ?? setup?.Validate) is not { } images)
            return null;
        if (!predictions.Images.Select(Path.GetFileName).SequenceEqual(Enumerable.Range(0, images.Count).Select(i => Path.GetFileName(images.NameOf(i)))))
            warn(string.Create(CultureInfo.InvariantCulture, $"the images are no longer those that the run was evaluated on, {predictions.Images.Count} then, {images.Count} now: the page's map shows the latter, all else the former"));
        var (map, problem) = InputException.Attempt(() => FeatureMap.Of(images, student, setup!.Compute, MapImages));
        if (problem is not null)
            warn($"the page has no map of features: {problem}");
        return map;
    }

    /// <summary>The classes of a student: its labels, but where <c>concat</c> gave a class a second one (<c>TEACHER/label</c>).</summary>
    static string[] ClassesOf(string student, Recipe recipe)
    {
        var labels = ModelMetadata.Labels(OnnxModel.Load(student)) ?? [];
        if (recipe.Amalgamation.Labels != LabelMode.Concat)
            return [.. labels];
        var known = labels.ToHashSet(StringComparer.Ordinal);
        return [.. labels.Where(l => !recipe.Teachers.Any(t => l.StartsWith($"{t.Name}/", StringComparison.Ordinal) && known.Contains(l[(t.Name.Length + 1)..])))];
    }

    static Curve[] ReadCurves((IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string>> Rows) table) => [.. table.Columns.Skip(1).Select((name, column) => new Curve(name,
        [.. table.Rows.Where(r => r[column + 1].Length > 0).Select(r => (Number(r[0]), Number(r[column + 1]))).Where(p => double.IsFinite(p.Item2))]))];

    static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    static (string, string)[] ReadEnvironment(string json)
    {
        using var document = JsonDocument.Parse(json);
        return [.. document.RootElement.EnumerateObject().Where(p => p.Value.ValueKind != JsonValueKind.Object).Select(p => (p.Name, p.Value.ToString()))];
    }
}
