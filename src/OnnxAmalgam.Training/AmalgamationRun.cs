using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Evaluation;
using OnnxAmalgam.Training.Export;
using OnnxAmalgam.Training.Recipes;
using OnnxAmalgam.Training.Runs;

namespace OnnxAmalgam.Training;

/// <summary>What a finished run says of itself.</summary>
/// <param name="Evaluation">Rows of evaluation.csv.</param>
/// <param name="Benchmark">Rows of benchmark.csv: the student, then each teacher.</param>
/// <param name="Agreement">ONNX Runtime against the trained graph.</param>
/// <param name="EvaluatedOn"><c>test</c>, <c>validate</c> or <c>unlabelled</c> images.</param>
public sealed record RunReport(IReadOnlyList<EvaluationRow> Evaluation, IReadOnlyList<BenchmarkRow> Benchmark, Agreement Agreement, string EvaluatedOn);

/// <summary>The main job from recipe to run folder: train, export, evaluate, measure.</summary>
public static class AmalgamationRun
{
    /// <summary>Runs a recipe in a folder, to the end or until asked to stop.</summary>
    /// <param name="setup">The recipe, opened.</param>
    /// <param name="folder">A new run folder, or the one to resume in.</param>
    /// <param name="resume">Whether to go on from its last checkpoint.</param>
    /// <param name="acceptOlder">Whether an older checkpoint will do.</param>
    /// <param name="observer">Told how it goes.</param>
    /// <param name="stop">Cancelled to interrupt.</param>
    /// <returns>Null when interrupted; everything needed to resume is saved then.</returns>
    public static RunReport? Execute(AmalgamationSetup setup, RunFolder folder, bool resume, bool acceptOlder, ITrainingObserver observer, CancellationToken stop)
    {
        using var trainer = new Trainer(setup, folder, observer);
        if (!resume || !File.Exists(folder.Recipe))
        {
            AtomicFile.WriteText(folder.Recipe, RecipeReader.Write(setup.Recipe));
            EnvironmentFile.Write(folder.Environment, setup, trainer.Equation, trainer.Precision);
        }

        if (!trainer.Run(resume, acceptOlder, stop) || stop.IsCancellationRequested)
        {
            return null;
        }

        Agreement agreement = StudentExport.Write(trainer.Student, setup, folder.Student);
        var fed = setup.Teachers.Select(t => (t.File, t.Input)).Append((folder.Student, setup.Student.Input)).DistinctBy(f => f.Item1).ToDictionary(f => f.Item1, f => f.Item2, StringComparer.Ordinal);
        var benchmark = LatencyBenchmark.Measure([folder.Student, .. setup.Teachers.Select(t => t.File)], setup.Compute, new BenchmarkOptions { Images = fed });
        AtomicFile.WriteText(folder.Benchmark, BenchmarkRow.ToCsv(benchmark));
        if (stop.IsCancellationRequested)
        {
            return null;
        }

        var (evaluation, predictions) = Evaluator.Evaluate(setup, folder.Student);
        if (predictions is not null)
            AtomicFile.WriteText(folder.Predictions, predictions.ToCsv());
        using var csv = new StringWriter();
        EvaluationRow.WriteCsv(csv, evaluation);
        AtomicFile.WriteText(folder.Evaluation, csv.ToString());
        return new RunReport(evaluation, benchmark, agreement, setup.Test is not null ? "test" : setup.Validate is not null ? "validate" : "unlabelled");
    }
}
