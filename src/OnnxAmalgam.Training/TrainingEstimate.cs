using System.Diagnostics;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Evaluation;
using OnnxAmalgam.Training.Optimisation;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training;

/// <summary>What a run will take, measured: a few real steps and a piece of validation on real images, thrown away.</summary>
public sealed record TrainingEstimate
{
    const int WarmupSteps = 2, MostSteps = 20, ValidationImages = 512, KeptCheckpoints = 4;
    static readonly TimeSpan LongEnough = TimeSpan.FromSeconds(5);

    /// <summary>What is minimised, as text.</summary>
    public required string Equation { get; init; }
    /// <summary>Elements of the student's weights, frozen ones too.</summary>
    public required long StudentParameters { get; init; }
    /// <summary>Steps an epoch.</summary>
    public required int BatchesPerEpoch { get; init; }
    /// <summary>Steps that were timed.</summary>
    public required int TimedSteps { get; init; }
    /// <summary>Mean of them.</summary>
    public required double SecondsPerStep { get; init; }
    /// <summary>All epochs: steps and validation.</summary>
    public required TimeSpan Training { get; init; }
    /// <summary>Student and teachers over the images of the final evaluation.</summary>
    public required TimeSpan Evaluation { get; init; }
    /// <summary>Peak of this process so far (images, teachers, student and optimiser are in it), and what a checkpoint needs on top.</summary>
    public required long MemoryBytes { get; init; }
    /// <summary>Checkpoints that exist at once while one is written, and the student.</summary>
    public required long DiskBytes { get; init; }

    /// <summary>Runs the steps. Nothing is written anywhere; the setup is as it was.</summary>
    /// <exception cref="InputException">What would stop the run: scores that are not finite, no labels to validate with.</exception>
    public static TrainingEstimate Measure(AmalgamationSetup setup)
    {
        using var scope = NewDisposeScope();
        var train = setup.Recipe.Train;
        using var step = new AmalgamationStep(setup) { Precision = train.Precision == Precision.Auto ? PrecisionChoice.For(setup).Chosen : train.Precision };
        using var loader = new BatchLoader(setup.Train, train.Batch, setup.Recipe.Augment, train.Seed, apart: setup.Recipe.Amalgamation.ViewsApart);
        var (steps, seconds) = Time(step, loader, new RateSchedule(train, loader.BatchesPerEpoch));

        int epochs = train.Epochs;
        double perStep = seconds / steps, first = 0, later = 0;
        if (setup.Validate is { } images)
        {
            (first, later) = TimeValidation(setup, step, images);
        }

        int evaluated = (setup.Test ?? setup.Validate ?? setup.Train).Count;
        double perImage = first == 0 ? perStep / Math.Min(train.Batch, setup.Train.Count) : first / setup.Validate!.Count;
        long state = step.State().Values.Sum(t => t.numel() * t.ElementSize);
        long student = setup.Student.Model.ToBytes().LongLength;
        return new TrainingEstimate
        {
            Equation = step.Equation,
            StudentParameters = step.Student.Initializers.Values.Sum(p => p.numel()),
            BatchesPerEpoch = loader.BatchesPerEpoch,
            TimedSteps = steps,
            SecondsPerStep = perStep,
            Training = TimeSpan.FromSeconds(((double)epochs * loader.BatchesPerEpoch * perStep) + first + ((epochs - 1) * later)),
            Evaluation = TimeSpan.FromSeconds(evaluated * perImage),
            MemoryBytes = PeakSoFar() + (2 * state),
            DiskBytes = (KeptCheckpoints * state) + student,
        };
    }

    static (int Steps, double Seconds) Time(AmalgamationStep step, BatchLoader loader, RateSchedule schedule)
    {
        var clock = new Stopwatch();
        int done = 0;
        for (; done < WarmupSteps + MostSteps && clock.Elapsed < LongEnough; done++)
        {
            if (done == WarmupSteps)
            {
                clock.Start();
            }

            ImageBatch batch = loader.Next();
            step.Run(batch, schedule.At(0));
            loader.Return(batch);
        }

        return (done - WarmupSteps, clock.Elapsed.TotalSeconds);
    }

    /// <summary>Seconds of the first validation, in which the teachers run too, and of a later one.</summary>
    static (double First, double Later) TimeValidation(AmalgamationSetup setup, AmalgamationStep step, ImageSet images)
    {
        ImageSet some = images.Select([.. Enumerable.Range(0, Math.Min(ValidationImages, images.Count))]);
        using var validator = Validator.For(setup, some);
        if (validator is null)
        {
            return (0, 0);
        }

        double scale = (double)images.Count / some.Count;
        var clock = Stopwatch.StartNew();
        validator.Run(step.Student);
        double first = clock.Elapsed.TotalSeconds;
        clock.Restart();
        validator.Run(step.Student);
        return (first * scale, clock.Elapsed.TotalSeconds * scale);
    }

    static long PeakSoFar()
    {
        using var process = Process.GetCurrentProcess();
        return ResidentMemory.Peak() ?? Math.Max(process.PeakWorkingSet64, process.WorkingSet64);
    }
}
