using System.Globalization;
using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Training.Caching;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Optimisation;
using OnnxAmalgam.Training.Tests.Running;

namespace OnnxAmalgam.Training.Tests.Caching;

/// <summary>What a step costs with its teachers' outputs computed and with them stored.</summary>
public sealed class CacheSpeedTests : IDisposable
{
    const int Batch = 64, Images = 512, Pairs = 9, StepsEach = 6;
    const string Soft = "labels: concat, losses: [{soft_target: {weight: 1}}]", Published = "labels: concat, common_space: {channels: 64, blocks: 3}, losses: [{soft_target: {weight: 1}}, {mmd: {weight: 10}}, {reconstruction: {weight: 10}}]";
    const string Grey = "- {model: MODELS/digits_resnet.onnx, labels: [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9], input: {scale: 0.0039, mean: 0.13, std: 0.31}}\n  - {model: MODELS/fashion_mixer.onnx, labels: [b0, b1, b2, b3, b4, b5, b6, b7, b8, b9], input: {scale: 0.0039, mean: 0.29, std: 0.35}}";
    const string Colour = "- {model: MODELS/cifar_animals.onnx, labels: [a0, a1, a2, a3, a4, a5], input: {scale: 0.0039, mean: 0.45, std: 0.25}}\n  - {model: MODELS/cifar_vehicles.onnx, labels: [b0, b1, b2, b3], input: {layout: nhwc, scale: 1, mean: 0, std: 1}}";

    readonly TinyWorld world = new TinyWorld().Images("photos", Images, _ => (32, 32));

    public void Dispose() => world.Dispose();

    /// <summary>Takes minutes: run by name, see docs/speed.md.</summary>
    [Theory(Explicit = true)]
    [InlineData("28 px grey, soft targets", Grey, Soft)]
    [InlineData("28 px grey, published", Grey, Published)]
    [InlineData("32 px, soft targets", Colour, Soft)]
    [InlineData("32 px, published", Colour, Published)]
    public void A_step_is_faster_with_its_teachers_stored(string what, string teachers, string amalgamation)
    {
        string Recipe(string train) => $$"""
            name: speed
            teachers:
              {{teachers.Replace("MODELS", Path.Combine(Repository.Root, "models", "teachers"), StringComparison.Ordinal)}}
            student: {model: "zoo:resnet(widths=[16,32,64], blocks=[1,1,1])"}
            data: {unlabelled: [{folder: photos}]}
            augment: [flip, {crop: {padding: 4} }]
            amalgamation: { {{amalgamation}} }
            train: {epochs: 1, batch: {{Batch}}, select: last, {{train}} }
            """;
        using AmalgamationSetup plain = world.Open(Recipe("seed: 1")), stored = world.Open(Recipe("cache: {folder: kept, views: 1}"));
        CacheReport report = CacheFill.Run(stored, WorkShare.All, _ => { }, TestContext.Current.CancellationToken)!;
        using var computing = new AmalgamationStep(plain);
        using var reading = new AmalgamationStep(stored);
        using var canvases = new BatchLoader(plain.Train, Batch, plain.Recipe.Augment, 1);
        using var rows = new BatchLoader(stored.Train, Batch, stored.Recipe.Augment, 1, views: stored.Cache!.Views);

        double Step(AmalgamationStep step, BatchLoader loader, Action<ImageBatch>? prepare, List<double> prepared)
        {
            ImageBatch batch = loader.Next();
            if (prepare is not null)
            {
                prepared.Add(ThreadTime.Seconds(() => { prepare(batch); return 0; }));
            }

            double seconds = ThreadTime.Seconds(() => step.Run(batch, new RatePoint(1e-3)));
            loader.Return(batch);
            return seconds;
        }

        var (with, without, reads) = (new List<double>(), new List<double>(), new List<double>());
        for (int pair = -1; pair < Pairs; pair++)
        {
            double fastest = double.MaxValue, fastestStored = double.MaxValue;
            for (int i = 0; i < StepsEach; i++)
            {
                fastest = Math.Min(fastest, Step(computing, canvases, null, reads));
                fastestStored = Math.Min(fastestStored, Step(reading, rows, stored.StoredRows, reads));
            }

            if (pair >= 0)
            {
                without.Add(fastest);
                with.Add(fastestStored);
            }
        }

        double Median(IEnumerable<double> values) => values.Order().ElementAt(values.Count() / 2);
        double[] ratios = [.. without.Zip(with, (a, b) => a / b).Order()];
        TestContext.Current.TestOutputHelper!.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{what}: computed {1000 * Median(without):0.0} ms, stored {1000 * Median(with):0.0} ms, ratio {Median(ratios):0.00} ({ratios[1]:0.00} to {ratios[^2]:0.00}); read beforehand {1000 * Median(reads):0.00} ms a batch; {stored.Teachers.Sum(t => t.Stores!.Outputs.RowBytes + Shard.EntryBytes)} bytes a picture, {report.Distinct} pictures"));
        Assert.True(Median(ratios) > 1);
    }
}
