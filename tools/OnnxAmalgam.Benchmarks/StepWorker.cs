using System.Diagnostics;
using System.Text.Json;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Trainable;
using OnnxAmalgam.Training;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Evaluation;
using OnnxAmalgam.Training.Optimisation;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Benchmarks;

/// <summary>This program's side: the protocol of tools/reference/step.py on stdin and stdout, and what only this side is asked.</summary>
sealed class StepWorker : IDisposable
{
    readonly AmalgamationSetup setup;
    readonly AmalgamationStep step;
    readonly BatchLoader loader;
    readonly TeachingOrder order;
    readonly TaughtBatches ahead;
    readonly TermLog log;
    readonly RatePoint rate = new(1e-3);
    TimeSpan stepped, waited;

    StepWorker(Recipe recipe, ComputeOptions compute)
    {
        set_num_threads(compute.Threads);
        if (compute.Device.IsCuda)
        {
            TorchRuntime.UseFullFloat32();
        }

        manual_seed(1);
        setup = AmalgamationSetup.Open(recipe, compute, _ => { });
        step = new AmalgamationStep(setup);
        step.Precision = recipe.Train.Precision == Precision.Auto ? PrecisionChoice.For(setup).Chosen : recipe.Train.Precision;
        loader = new BatchLoader(setup.Train, recipe.Train.Batch, recipe.Augment, recipe.Train.Seed, views: setup.Cache?.Views, prepare: setup.StoredRows);
        log = TermLog.On(compute.Device, step.TermNames);
        ahead = new TaughtBatches(loader, step.Teach, order = step.TeachingOrder());
        if (compute.Device.IsCuda)
        {
            // With the first batch teachers are recorded, and nothing else may use the device.
            ahead.Next().Dispose();
        }
    }

    /// <summary>Serves until <c>quit</c> or the end of input.</summary>
    /// <param name="setting">Teachers, student, images.</param>
    /// <param name="method"><c>soft</c> or <c>published</c>.</param>
    /// <param name="train">Further keys of the recipe's train section, each after a comma.</param>
    /// <param name="compute">Where.</param>
    public static void Serve(Setting setting, string method, string train, ComputeOptions compute)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("onnx-amalgam-bench-");
        try
        {
            using var worker = new StepWorker(RecipeReader.Read(setting.Write(folder.FullName, method, train)), compute);
            Answer(new { precision = worker.step.Precision.ToString().ToLowerInvariant(), recorded = worker.setup.Teachers.Count(t => t.IsRecorded) });
            while (Console.ReadLine() is { } line && line != "quit")
            {
                Answer(worker.Do(line.Split(' ')));
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>How long a step of a recipe takes as training does it, its teachers computed: the fastest round's mean, in milliseconds.</summary>
    /// <param name="recipe">A recipe; its cache is not used.</param>
    /// <param name="rounds">At least 1.</param>
    /// <param name="steps">Of a round; ten more go before the first.</param>
    /// <param name="compute">Where.</param>
    public static double Milliseconds(string recipe, int rounds, int steps, ComputeOptions compute)
    {
        using var worker = new StepWorker(RecipeReader.Read(recipe, ["train.cache=none"]), compute);
        worker.Each(10, worker.Advance);
        return Enumerable.Range(0, rounds).Min(_ => worker.Each(steps, worker.Advance).Wall.TotalMilliseconds / steps);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ahead.Dispose();
        log.Dispose();
        loader.Dispose();
        step.Dispose();
        setup.Dispose();
    }

    object Do(string[] words) => words switch
    {
        ["step", var count] => Steps(Count(count)),
        ["ahead", var count] => Timed(Count(count), () => ahead.Next().Dispose()),
        ["sequential", var count] => OnAnotherLoader(Count(count), batch => step.Run(batch, rate)),
        ["data", var count] => OnAnotherLoader(Count(count), _ => { }),
        ["teachers", var count] => OnOneBatch(Count(count), taught => { using TaughtBatch again = step.Teach(taught.Batch); }),
        ["student", var count] => OnOneBatch(Count(count), taught => step.Learn(taught, rate)),
        ["profile", var count] => Profile(Count(count)),
        ["matmul", var size] => Matmul(Count(size)),
        ["macs"] => new { student = Costs.Of(setup.Student.Model).Macs },
        ["memory"] => new { peak_bytes = ResidentMemory.Peak() },
        ["waited"] => new { share = waited / stepped },
        _ => throw new ArgumentException($"expected a command of tools/reference/step.py, got '{string.Join(' ', words)}'"),
    };

    static int Count(string text) => int.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

    object Timed(int count, Action work)
    {
        var (wall, processor) = Each(count, work);
        return new { seconds = wall.TotalSeconds, cpu_seconds = processor.TotalSeconds, images = count * setup.Recipe.Train.Batch };
    }

    (TimeSpan Wall, TimeSpan Processor) Each(int count, Action work)
    {
        TimeSpan processor = Environment.CpuUsage.TotalTime;
        var clock = Stopwatch.StartNew();
        for (int i = 0; i < count; i++)
        {
            work();
        }

        log.Fetch();
        if (setup.Compute.Device.IsCuda)
        {
            cuda.synchronize(TorchMemory.Device(setup.Compute.Device));
        }

        return (clock.Elapsed, Environment.CpuUsage.TotalTime - processor);
    }

    /// <summary>As training does them; how long the loader was waited for is kept for <c>waited</c>.</summary>
    object Steps(int count)
    {
        while (!order.IsSettled)
        {
            Advance();
        }

        TimeSpan before = loader.Waited;
        var clock = Stopwatch.StartNew();
        object timing = Timed(count, Advance);
        (stepped, waited) = (stepped + clock.Elapsed, waited + loader.Waited - before);
        return timing;
    }

    void Advance()
    {
        using TaughtBatch taught = ahead.Next();
        log.Add(taught.Batch, step.Advance(taught, rate));
    }

    object OnOneBatch(int count, Action<TaughtBatch> work)
    {
        using TaughtBatch taught = ahead.Next();
        return Timed(count, () => work(taught));
    }

    object OnAnotherLoader(int count, Action<ImageBatch> work)
    {
        using var other = new BatchLoader(setup.Train, setup.Recipe.Train.Batch, setup.Recipe.Augment, seed: 2);
        return Timed(count, () =>
        {
            ImageBatch batch = other.Next();
            work(batch);
            other.Return(batch);
        });
    }

    /// <summary>Milliseconds a step of each phase of the student's part, and of the teachers'.</summary>
    Dictionary<string, double> Profile(int count)
    {
        var clock = step.Clock = new StepClock();
        var teaching = new Stopwatch();
        OnOneBatch(count, taught =>
        {
            teaching.Start();
            step.Teach(taught.Batch).Dispose();
            teaching.Stop();
            step.Learn(taught, rate);
        });
        step.Clock = null;
        return clock.Phases.Prepend(new("teachers", teaching.Elapsed)).ToDictionary(p => p.Key, p => p.Value.TotalMilliseconds / count);
    }

    /// <summary>The best rate of square matrix products in the activations' type, in multiply-adds a second.</summary>
    object Matmul(int size)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        Tensor a = rand(size, size).to_type(step.Precision == Precision.Bf16 ? ScalarType.BFloat16 : ScalarType.Float32);
        double best = double.MaxValue;
        for (int i = 0; i < 12; i++)
        {
            var clock = Stopwatch.StartNew();
            using Tensor product = a.mm(a);
            best = Math.Min(best, clock.Elapsed.TotalSeconds);
        }

        return new { macs_per_second = Math.Pow(size, 3) / best };
    }

    static void Answer(object answer)
    {
        Console.WriteLine(JsonSerializer.Serialize(answer));
        Console.Out.Flush();
    }
}
