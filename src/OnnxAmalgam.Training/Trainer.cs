using System.Diagnostics;
using System.Globalization;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Trainable;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Optimisation;
using OnnxAmalgam.Training.Recipes;
using OnnxAmalgam.Training.Runs;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training;

/// <summary>Runs the epochs: steps, validation, results.csv, checkpoints. What it computes depends on recipe, seed, device and
/// thread count only, not on where it was interrupted and resumed.</summary>
internal sealed class Trainer : IDisposable
{
    const string RandomState = "random/cpu";
    readonly AmalgamationSetup setup;
    readonly RunFolder folder;
    readonly ITrainingObserver observer;
    readonly AmalgamationStep step;
    readonly Validator? validator;
    readonly Checkpoints checkpoints;
    readonly IReadOnlyDictionary<string, string> hashes;
    readonly TrainRecipe train;
    Precision? precision;

    /// <summary>Prepares a run; nothing is written yet.</summary>
    public Trainer(AmalgamationSetup setup, RunFolder folder, ITrainingObserver observer)
    {
        (this.setup, this.folder, this.observer) = (setup, folder, observer);
        train = setup.Recipe.Train;
        hashes = setup.Hashes();
        TorchSeed.Set(train.Seed, setup.Compute.Device);
        step = new AmalgamationStep(setup);
        validator = setup.Validate is { } images ? Validator.For(setup, images) : null;
        if (setup.Validate is not null && validator is null)
        {
            observer.Note("data.validate: no epoch is measured, its images have neither labels nor a loss on scores that can be computed on them; the last epoch is taken (train.select: last)");
        }

        checkpoints = new Checkpoints(folder.Checkpoints);
    }

    /// <summary>The student; after <see cref="Run"/> it holds the selected weights, in evaluation mode.</summary>
    public TrainableGraph Student => step.Student;

    /// <summary>What is minimised, as text.</summary>
    public string Equation => step.Equation;

    /// <summary>fp32 or bf16: what the recipe says, or what <c>auto</c> came to on this machine when the run began.</summary>
    public Precision Precision => precision ??= Choose();

    /// <summary>Trains to the end, or until asked to stop (then the step is finished and everything saved).</summary>
    /// <param name="resume">Whether to go on from the last checkpoint, if there is one.</param>
    /// <param name="acceptOlder">Whether an older checkpoint will do when the last is damaged.</param>
    /// <param name="stop">Cancelled to interrupt.</param>
    /// <returns>False when interrupted.</returns>
    /// <exception cref="InputException">Bad checkpoint, changed inputs, disk full, scores that are not finite.</exception>
    public bool Run(bool resume, bool acceptOlder, CancellationToken stop)
    {
        TrainingState? saved = resume ? Resume(acceptOlder) : null;
        TrainingState at = saved ?? Start();
        if (saved is null && setup.Student.Measured.Count > 0)
        {
            observer.Note(NormalisationNote(StudentNormalisation.Measure(setup, step.Student)));
        }

        step.Precision = at.Precision;
        if (resume)
        {
            observer.Note(WhereItGoesOn(saved));
        }

        using var loader = new BatchLoader(setup.Train, train.Batch, setup.Recipe.Augment, train.Seed, at.Epoch, at.Batch, workers: 1, setup.Cache?.Views, setup.StoredRows, setup.Recipe.Amalgamation.ViewsApart);
        using var batches = new TaughtBatches(loader, step.Teach, step.TeachingOrder());
        var results = new ResultsCsv(folder.Results, at.ResultsBytes);
        using var events = new EventFile(folder.Path, at.Epoch, observer.Warn);
        var schedule = new RateSchedule(train, loader.BatchesPerEpoch);
        observer.Started(step.Equation, train.Epochs, loader.BatchesPerEpoch);

        while (at.Epoch <= train.Epochs)
        {
            var run = RunEpoch(at, batches, loader.BatchesPerEpoch, schedule, stop);
            at = run.State;
            if (run.Interrupted)
            {
                Save(at with { ResultsBytes = results.Length }, isBest: false);
                return false;
            }

            at = EndEpoch(at, run.ImagesPerSecond, loader.BatchesPerEpoch, schedule, results, events);
            NativeLeftovers.GiveBack();
        }

        if (train.SelectBest && checkpoints.LoadBest() is { } best)
        {
            Restore(best.Tensors);
        }

        step.Student.eval();
        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        validator?.Dispose();
        step.Dispose();
    }

    string WhereItGoesOn(TrainingState? saved) => saved is not { } at
        ? "this run has no checkpoint yet: it begins with epoch 1"
        : at.Epoch > train.Epochs
            ? "all epochs of this run are done: it is only exported and evaluated again"
            : string.Create(CultureInfo.InvariantCulture, $"going on at epoch {at.Epoch}, batch {at.Batch + 1}");

    (TrainingState State, bool Interrupted, double ImagesPerSecond) RunEpoch(TrainingState at, TaughtBatches batches, int perEpoch, RateSchedule schedule, CancellationToken stop)
    {
        var sums = new Dictionary<string, double>(at.Sums);
        var clock = Stopwatch.StartNew();
        long images = 0;
        int done = at.Batch;
        bool interrupted = false;
        using var log = TermLog.On(setup.Compute.Device, step.TermNames);
        while (done < perEpoch && !(interrupted = stop.IsCancellationRequested))
        {
            using TaughtBatch batch = batches.Next();
            if (setup.Compute.Device.IsCuda)
            {
                // dropout draws there; what a step draws then follows from where it stands, resumed or not
                cuda.manual_seed_all(unchecked((long)Randomness.Draw(train.Seed, "dropout", at.Epoch, done)));
            }

            Sum(log.Add(batch.Batch, step.Advance(batch, schedule.At(at.Step + done - at.Batch))));
            images += batch.Batch.Count;
            done++;
            long left = ((long)(train.Epochs - at.Epoch + 1) * perEpoch) - done;
            observer.Stepped(at.Epoch, done, images / clock.Elapsed.TotalSeconds, TimeSpan.FromSeconds(left * clock.Elapsed.TotalSeconds / Math.Max(1, done - at.Batch)));
        }

        Sum(log.Fetch());
        var state = at with
        {
            Batch = done,
            Step = at.Step + done - at.Batch,
            Seconds = at.Seconds + clock.Elapsed.TotalSeconds,
            Sums = sums,
        };
        return (state, interrupted, images / clock.Elapsed.TotalSeconds);

        void Sum(IEnumerable<double[]> rows)
        {
            foreach (var (name, term) in rows.SelectMany(row => step.TermNames.Zip(row)))
            {
                sums[name] = sums.GetValueOrDefault(name) + term;
            }
        }
    }

    TrainingState EndEpoch(TrainingState at, double imagesPerSecond, int batches, RateSchedule schedule, ResultsCsv results, EventFile events)
    {
        var clock = Stopwatch.StartNew();
        ValidationResult? validation = validator?.Run(step.Student);
        if (validation is { } measured && !double.IsFinite(measured.Selection))
        {
            throw new InputException($"epoch {at.Epoch}: expected a finite loss on the validation images, got {measured.Selection}; nothing was saved over the last checkpoint; lower train.learning_rate or set train.clip_norm");
        }

        var gate = step.EndEpoch(at.Epoch);
        double seconds = at.Seconds + clock.Elapsed.TotalSeconds;
        bool isBest = validation is { } v && (at.Best is null || v.Selection > at.Best);

        List<(string, double?)> row =
        [
            ("epoch", at.Epoch),
            ("time", seconds),
            .. step.TermNames.Select(n => ($"train/{n}", (double?)(at.Sums[n] / batches))),
            .. validation?.Columns ?? [],
            .. gate,
            ("lr/pg0", schedule.At(at.Step - 1).Rate),
            ("speed/images_per_second", imagesPerSecond),
        ];
        results.Append(row);
        events.Append(at.Epoch, row);
        observer.EpochEnded(new EpochSummary(at.Epoch, row, isBest));

        var next = at with
        {
            Epoch = at.Epoch + 1,
            Batch = 0,
            Seconds = seconds,
            ResultsBytes = results.Length,
            Best = isBest ? validation!.Selection : at.Best,
            BestEpoch = isBest ? at.Epoch : at.BestEpoch,
            Sums = new Dictionary<string, double>(),
        };
        Save(next, isBest);
        return next;
    }

    Precision Choose()
    {
        if (train.Precision != Precision.Auto)
        {
            return train.Precision;
        }

        var (chosen, reason) = PrecisionChoice.For(setup);
        observer.Note(reason);
        return chosen;
    }

    string NormalisationNote(int images) => string.Create(CultureInfo.InvariantCulture,
        $"normalisation: {setup.Student.Measured.Count} BatchNormalization {(setup.Recipe.Student.Normalisation.Mode == NormalisationMode.Insert ? "put behind convolutions" : "refreshed")}, measured on {images} images");

    TrainingState Start() => new()
    {
        Hashes = hashes,
        Threads = setup.Compute.Threads,
        Precision = Precision,
        Machine = EnvironmentFile.Machine(setup.Compute),
        Epoch = 1,
        Batch = 0,
        Step = 0,
        Seconds = 0,
        ResultsBytes = 0,
        Best = null,
        BestEpoch = 0,
        Sums = new Dictionary<string, double>(),
    };

    TrainingState? Resume(bool acceptOlder)
    {
        if (checkpoints.LoadLast(acceptOlder, observer.Warn) is not { } saved)
        {
            return null;
        }

        saved.State.RequireInputs(hashes, folder.Path);
        if (saved.State.Threads != setup.Compute.Threads)
        {
            observer.Warn($"resumed with {setup.Compute.Threads} threads, the run was started with {saved.State.Threads}: the result will differ in rounding (--threads {saved.State.Threads} avoids that)");
        }

        string[] others = [.. EnvironmentFile.Machine(setup.Compute).Where(now => saved.State.Machine?.GetValueOrDefault(now.Key) is { } then && then != now.Value)
            .Select(now => $"{now.Key} {now.Value}, was {saved.State.Machine![now.Key]}")];
        if (others.Length > 0)
        {
            observer.Warn($"resumed elsewhere than it was started ({string.Join("; ", others)}): the result will differ from an uninterrupted run's");
        }

        precision = saved.State.Precision;
        Restore(saved.Tensors);
        return checkpoints.SettleBest(saved.State, observer.Warn);
    }

    void Save(TrainingState state, bool isBest)
    {
        using var scope = NewDisposeScope();
        var tensors = new Dictionary<string, Tensor>(step.State(), StringComparer.Ordinal) { [RandomState] = get_rng_state() };
        foreach (var (name, value) in tensors)
        {
            if (value.is_floating_point() && !value.isfinite().all().item<bool>())
            {
                throw new InputException($"step {state.Step}: expected finite weights and statistics, got NaN or infinity in '{name}'; nothing was saved over the last checkpoint; lower train.learning_rate or set train.clip_norm");
            }
        }

        // What was computed before this point is then there when a run goes on from it.
        setup.Cache?.Flush();
        checkpoints.Save(state, tensors, isBest);
    }

    void Restore(Dictionary<string, Tensor> tensors)
    {
        try
        {
            step.Restore(tensors);
            set_rng_state(tensors[RandomState]);
        }
        finally
        {
            foreach (Tensor tensor in tensors.Values)
            {
                tensor.Dispose();
            }
        }
    }
}
