using System.Diagnostics;
using System.Globalization;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Trainable;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Export;
using OnnxAmalgam.Training.Losses;
using OnnxAmalgam.Training.Optimisation;
using OnnxAmalgam.Training.Recipes;
using TorchSharp;

namespace OnnxAmalgam.Training.Exemplars;

/// <summary>What a finished pretraining says of itself.</summary>
/// <param name="Classes">Surrogate classes.</param>
/// <param name="Collisions">Patches left out because another looks the same to the teachers.</param>
/// <param name="Epochs">Epochs done.</param>
/// <param name="Agreement">ONNX Runtime against the trained graph.</param>
public sealed record PretrainingReport(int Classes, int Collisions, int Epochs, Agreement Agreement);

/// <summary>Trains a student without labels and before its teachers: it tells surrogate classes apart, each made of one patch by transformations.</summary>
/// <remarks>
/// L = -mean_n log softmax(z_S(T_k x_i))[i] over patches x_i, i = 1..N, and transformations T_k, k = 1..K, drawn once.
/// Dosovitskiy et al. (Exemplar-CNN), TPAMI 2016 (arXiv 1406.6909). See <see cref="SurrogateSeeds"/> and <see cref="PublishedFamily"/>.
/// Known differences: any student, optimiser and schedule of a recipe instead of their three networks, SGD and a rate divided by three on plateaus; the
/// student's own input description instead of subtracting the mean. The surrogate classifier is thrown away by whoever trains the student next.
/// </remarks>
public static class ExemplarPretraining
{
    const string Equation = "1 surrogate_class";

    /// <summary>Pretrains the recipe's student and writes it as .onnx, verified. Stopped early, it writes what it has; null, and nothing is written, where that is nothing.</summary>
    /// <param name="setup">Teachers, unlabelled images, student and optimiser of a recipe.</param>
    /// <param name="options">What to tell apart.</param>
    /// <param name="path">Where to; no input of the recipe.</param>
    /// <param name="observer">Told how it goes.</param>
    /// <param name="stop">Cancelled to stop after a step.</param>
    /// <exception cref="InputException">Fewer than two patches that differ, a loss that is not finite, a path that cannot be written.</exception>
    /// <exception cref="CheckFailedException">ONNX Runtime computes something else; nothing is written.</exception>
    public static PretrainingReport? Run(AmalgamationSetup setup, ExemplarOptions options, string path, ITrainingObserver observer, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(setup);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(observer);
        StudentExport.RefuseInput(setup, path, []);
        var (seeds, collisions) = SurrogateSeeds.Choose(setup.Recipe, setup.Train, options, setup.Compute);
        if (seeds.Count < 2)
        {
            throw new InputException($"data.unlabelled: expected patches that the teachers tell apart, got {seeds.Count}; give more images or a higher --similarity");
        }

        observer.Note(string.Create(CultureInfo.InvariantCulture, $"{seeds.Count} surrogate classes of {options.Samples} images; {collisions} patches left out, which look to the teachers like another"));
        if (seeds.Count < options.Classes)
        {
            observer.Warn($"expected {options.Classes} patches that differ, got {seeds.Count}; --similarity leaves out fewer");
        }

        string[] names = [.. Enumerable.Range(0, seeds.Count).Select(i => string.Create(CultureInfo.InvariantCulture, $"surrogate {i}"))];
        StudentModel student = Student(setup, names, observer);
        var train = setup.Recipe.Train with { Epochs = options.Epochs, WarmupEpochs = Math.Min(setup.Recipe.Train.WarmupEpochs, options.Epochs - 1) };
        TorchSeed.Set(train.Seed, setup.Compute.Device);
        using var graph = new TrainableGraph(student.Model);
        graph.to(TorchMemory.Device(setup.Compute.Device));
        if (Train(graph, student, new SurrogateImages(seeds, options.Samples, train.Seed), train, setup.Compute, observer, stop) is not { } epochs)
        {
            return null;
        }

        var provenance = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["onnx_amalgam.pretraining"] = "exemplar" };
        return new PretrainingReport(seeds.Count, collisions, epochs, StudentExport.Write(graph, setup, new DeployedStudent(student, names, provenance), path, model => new EditedStudent(model, student.Input)));
    }

    /// <summary>The recipe's student with a classifier of the surrogate classes; what the recipe does to its normalisation it does when it amalgamates.</summary>
    static StudentModel Student(AmalgamationSetup setup, string[] names, ITrainingObserver observer)
    {
        var recipe = setup.Recipe.Student with { Head = HeadMode.Replace, Normalisation = new NormalisationRecipe(NormalisationMode.Keep) };
        var union = new LabelUnion([new TeacherLabels("surrogates", names)], keepDuplicates: false);
        var train = setup.Recipe.Train;
        StudentModel Build(IReadOnlyList<GroupRecipe> groups) => StudentFactory.Build(recipe, union, setup.Student.Input, train with { Groups = groups }, withTaps: false);
        if (InputException.Attempt(() => Build(train.Groups)).Found is { } student)
        {
            return student;
        }

        // what is wrong beside the groups is said now
        Build([]);
        var kept = new List<GroupRecipe>();
        foreach (var (number, group) in train.Groups.Index())
        {
            if (InputException.Attempt(() => Build([group with { Freeze = null }])).Problem is { } problem)
            {
                observer.Note($"a group is left out, as this student has another head and its own normalisation: {problem.Replace("train.groups.0", $"train.groups.{number}", StringComparison.Ordinal)}");
            }
            else
            {
                kept.Add(group);
            }
        }

        return Build(kept);
    }

    /// <summary>Epochs done; null: not one step.</summary>
    static int? Train(TrainableGraph graph, StudentModel student, SurrogateImages images, TrainRecipe train, ComputeOptions compute, ITrainingObserver observer, CancellationToken stop)
    {
        using var loader = new BatchLoader(images, train.Batch, [], train.Seed);
        using var step = new SurrogateStep(graph, student, images, train, compute);
        var schedule = new RateSchedule(train, loader.BatchesPerEpoch);
        observer.Started(Equation, train.Epochs, loader.BatchesPerEpoch);
        var total = Stopwatch.StartNew();
        for (int epoch = 1; epoch <= train.Epochs; epoch++)
        {
            var clock = Stopwatch.StartNew();
            double loss = 0, hits = 0;
            long seen = 0;
            for (int i = 0; i < loader.BatchesPerEpoch; i++)
            {
                if (stop.IsCancellationRequested)
                {
                    return epoch == 1 && i == 0 ? null : epoch - 1;
                }

                ImageBatch batch = loader.Next();
                var (value, right) = step.Run(batch, schedule.At(((long)(epoch - 1) * loader.BatchesPerEpoch) + i));
                (loss, hits, seen) = (loss + (value * batch.Count), hits + right, seen + batch.Count);
                loader.Return(batch);
                double speed = seen / clock.Elapsed.TotalSeconds;
                long left = ((long)(train.Epochs - epoch + 1) * loader.BatchesPerEpoch) - i - 1;
                observer.Stepped(epoch, i + 1, speed, TimeSpan.FromSeconds(left * clock.Elapsed.TotalSeconds / (i + 1)));
            }

            observer.EpochEnded(new EpochSummary(epoch,
                [("epoch", epoch), ("time", total.Elapsed.TotalSeconds), ("train/loss", loss / seen), ("metrics/accuracy_top1", hits / seen), ("speed/images_per_second", seen / clock.Elapsed.TotalSeconds)], IsBest: false));
        }

        return train.Epochs;
    }
}
