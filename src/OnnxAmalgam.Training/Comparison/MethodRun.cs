using System.Diagnostics;
using System.Globalization;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Evaluation;
using OnnxAmalgam.Training.Recipes;
using OnnxAmalgam.Training.Runs;

namespace OnnxAmalgam.Training.Comparison;

/// <summary>One method trained with one seed: what its run folder says.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="Evaluation">Rows of evaluation.csv.</param>
/// <param name="Answers">Which test images it got right.</param>
public sealed record MethodRun(long Seed, IReadOnlyList<EvaluationRow> Evaluation, TestAnswers Answers)
{
    /// <summary>How long it took: the whole run where it was made in one go, else what results.csv says of training; null: not known.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>How far the run in a folder is.</summary>
    public static MethodRunState StateOf(string folder) =>
        RunFolder.IsFinished(folder) ? MethodRunState.Finished : File.Exists(Path.Combine(folder, "recipe.yaml")) ? MethodRunState.Begun : MethodRunState.New;

    /// <summary>Trains, goes on with, or only reads the run in a folder.</summary>
    /// <param name="recipe">The method, with its seed.</param>
    /// <param name="folder">The run's folder; may be new.</param>
    /// <param name="compute">Device and threads.</param>
    /// <param name="observer">Told how it goes.</param>
    /// <param name="stop">Cancelled to interrupt.</param>
    /// <returns>Null when interrupted; what is needed to go on is saved then.</returns>
    /// <exception cref="InputException">The folder holds a run of another recipe, or the run failed.</exception>
    public static MethodRun? Execute(Recipe recipe, string folder, ComputeOptions compute, ITrainingObserver observer, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(observer);
        RefuseOther(recipe, folder);
        if (StateOf(folder) == MethodRunState.Finished)
            return Read(recipe, folder);

        var clock = Stopwatch.StartNew();
        bool isNew = StateOf(folder) == MethodRunState.New;
        using var setup = AmalgamationSetup.Open(recipe, compute, observer.Warn);
        TestAnswers.RequireLabels(Enumerable.Range(0, setup.Test?.Count ?? 0).Count(i => setup.Test!.LabelOf(i) is null));
        if (!Train(setup, folder, observer, stop))
            return null;
        MethodRun run = Read(recipe, folder);
        return isNew ? run with { Duration = clock.Elapsed } : run;
    }

    static bool Train(AmalgamationSetup setup, string folder, ITrainingObserver observer, CancellationToken stop)
    {
        // Also a run that was killed before it wrote its recipe.
        bool begun = Directory.Exists(Path.Combine(folder, "checkpoints"));
        using RunFolder run = begun ? RunFolder.Open(folder) : RunFolder.Create(folder, setup.Recipe.Name);
        try
        {
            return AmalgamationRun.Execute(setup, run, resume: begun, acceptOlder: false, observer, stop) is not null;
        }
        catch
        {
            run.DiscardUnlessSaved();
            throw;
        }
    }

    static MethodRun Read(Recipe recipe, string folder)
    {
        using RunFolder run = RunFolder.Read(folder);
        if (!File.Exists(run.Predictions))
            throw new InputException($"'{folder}': expected predictions.csv beside evaluation.csv, got none; remove the run's folder to train it anew");
        return new(recipe.Train.Seed, EvaluationRow.ReadCsv(run.Evaluation), TestAnswers.Of(PredictionTable.Read(run.Predictions))) { Duration = TrainingTime(run.Results) };
    }

    /// <summary>The last row's <c>time</c>.</summary>
    static TimeSpan? TrainingTime(string results)
    {
        if (!File.Exists(results) || CsvTable.Read(results) is not (var columns, [.., var last]))
            return null;
        int column = columns.ToList().IndexOf("time");
        return column >= 0 && double.TryParse(last[column], NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds) ? TimeSpan.FromSeconds(seconds) : null;
    }

    static void RefuseOther(Recipe recipe, string folder)
    {
        string kept = Path.Combine(folder, "recipe.yaml");
        if (File.Exists(kept) && RecipeDifference.Between(RecipeReader.Read(kept), recipe) is { Count: > 0 } different)
            throw new InputException($"'{folder}': expected a run of the recipe '{recipe.Name}' as it is now, got other values for {string.Join(", ", different.Select(d => d.Path))}; compare into another folder (-o), or remove this one to train it anew");
    }
}

/// <summary>How far a run is.</summary>
public enum MethodRunState
{
    /// <summary>There is none.</summary>
    New,
    /// <summary>It was interrupted.</summary>
    Begun,
    /// <summary>It has come to its end.</summary>
    Finished,
}
