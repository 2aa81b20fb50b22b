using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Edits;
using OnnxAmalgam.Graphs.Metadata;
using OnnxAmalgam.Trainable;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Runs;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Export;

/// <summary>What was exported.</summary>
/// <param name="Agreement">ONNX Runtime against the trained graph.</param>
/// <param name="Epochs">Whole epochs behind the weights.</param>
/// <param name="EpochsInAll">Epochs of the recipe.</param>
/// <param name="IsBest">Whether these are the weights that did best on the validation part; else the last ones.</param>
/// <param name="IsFinished">Whether the run had come to its last epoch.</param>
/// <param name="Folding">What was folded into convolutions; null: that was not asked for.</param>
public sealed record ExportReport(Agreement Agreement, int Epochs, int EpochsInAll, bool IsBest, bool IsFinished, FoldingReport? Folding = null)
{
    /// <summary>Names of the nodes that go on computing single floats where half precision or integers were asked for.</summary>
    public IReadOnlyList<string> KeptInSingle { get; init; } = [];

    /// <summary>What integers cost; null: they were not asked for.</summary>
    public QuantisationReport? Quantisation { get; init; }
}

/// <summary>In what the exported file differs from the trained graph, whose function it is.</summary>
public sealed record ExportOptions
{
    /// <summary>Whether BatchNormalization is folded into the convolutions before it.</summary>
    public bool Fold { get; init; }

    /// <summary>The opset to bring the student to; null: its own.</summary>
    public int? Opset { get; init; }

    /// <summary>Whether convolutions and matrix products are in half precision.</summary>
    public bool HalfPrecision { get; init; }

    /// <summary>How convolutions and matrix products are brought to 8-bit integers, BatchNormalization folded before; null: they are not.</summary>
    public QuantisationOptions? Quantisation { get; init; }

    /// <summary>Whether the file takes bytes and does its preprocessing itself.</summary>
    public bool EmbedPreprocessing { get; init; }
}

/// <summary>Makes the deployable model of a run from its checkpoints, as <c>train</c> does at its end.</summary>
public static class RunExport
{
    /// <summary>Writes the run's selected weights: the best epoch so far where the recipe selects the best, else the last checkpoint.</summary>
    /// <param name="setup">The run's own recipe, opened.</param>
    /// <param name="run">Its folder.</param>
    /// <param name="path">Where to; replaced atomically.</param>
    /// <param name="options">In what the file differs from the trained graph.</param>
    /// <exception cref="InputException">No checkpoint, a damaged one, changed inputs, a path that is an input, or an opset that the student cannot be brought to.</exception>
    /// <exception cref="CheckFailedException">ONNX Runtime and the trained graph differ, or integers cost more than they may; nothing is written.</exception>
    public static ExportReport Write(AmalgamationSetup setup, RunFolder run, string path, ExportOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options is { HalfPrecision: true, Quantisation: not null })
            throw new ArgumentException("expected half precision or integers, got both", nameof(options));
        using var scope = NewDisposeScope();
        var checkpoints = new Checkpoints(run.Checkpoints);
        var last = Load(scope, () => checkpoints.LoadLast(acceptOlder: false, _ => { }))
            ?? throw new InputException($"'{run.Path}': expected a run with a checkpoint, got one that ended in its first epoch without any; go on with: onnx-amalgam train --resume -o {ShellWord.Of(run.Path)}");
        var best = setup.Recipe.Train.SelectBest ? Load(scope, checkpoints.LoadBest) : null;
        var (state, tensors) = best ?? last;
        state.RequireInputs(setup.Hashes(), run.Path);

        using var graph = new TrainableGraph(setup.Student.Model);
        graph.to(TorchMemory.Device(setup.Compute.Device));
        StudentWeights.Restore(StudentWeights.Of(graph), tensors);
        FoldingReport? folding = null;
        QuantisationReport? quantisation = null;
        IReadOnlyList<string> single = [];
        Agreement agreement = StudentExport.Write(graph, setup, path, Edit, [run.Recipe, run.Results, run.Environment, .. Directory.EnumerateFiles(run.Checkpoints)]);
        int epochs = setup.Recipe.Train.Epochs;
        return new ExportReport(agreement, state.Epoch - 1, epochs, best is not null, last.State.Epoch > epochs, folding) { KeptInSingle = single, Quantisation = quantisation };

        EditedStudent Edit(OnnxModel model)
        {
            InputDescription input = setup.Student.Input;
            model = options.Fold || options.Quantisation is not null ? GraphEdits.FoldNormalisation(model, out folding) : model;
            model = options.Opset is { } asked ? GraphEdits.WithOpset(model, asked) : model;
            model = options.HalfPrecision ? GraphEdits.WithHalfPrecision(model, out single) : model;
            if (options.Quantisation is not { } wanted)
                return new EditedStudent(Embedded(model), input, options.HalfPrecision ? Rounding.Half : Rounding.None);
            OnnxModel integers = QuantisedStudent.Of(model, setup, wanted, out quantisation);
            single = quantisation.Kept;
            return new EditedStudent(Embedded(integers), input, Rounding.Integer) { Exact = Embedded(model) };

            OnnxModel Embedded(OnnxModel edited) => options.EmbedPreprocessing ? GraphEdits.EmbedPreprocessing(edited, setup.Student.Input, out input) : edited;
        }
    }

    /// <summary>A checkpoint whose tensors go with the scope.</summary>
    static (TrainingState State, Dictionary<string, Tensor> Tensors)? Load(DisposeScope scope, Func<(TrainingState State, Dictionary<string, Tensor> Tensors)?> load)
    {
        if (load() is not { } saved)
        {
            return null;
        }

        scope.Attach(saved.Tensors.Values);
        return saved;
    }
}
