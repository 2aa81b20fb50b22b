using System.Diagnostics;
using System.Globalization;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Teachers;
using OnnxAmalgam.Training;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Evaluation;
using OnnxAmalgam.Training.Optimisation;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Benchmarks;

/// <summary>This program's side: the protocol of tools/reference/step.py on stdin and stdout.</summary>
static class StepWorker
{
    /// <summary>Serves until <c>quit</c> or the end of input.</summary>
    public static void Serve(Setting setting, string method, string train, int threads, int images)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("onnx-amalgam-bench-");
        try
        {
            Recipe recipe = RecipeReader.Read(setting.Write(folder.FullName, method, train, images));
            var compute = new ComputeOptions(ComputeDevice.Cpu, threads);
            using var setup = AmalgamationSetup.Open(recipe, compute, _ => { });
            TorchSharp.torch.set_num_threads(threads);
            TorchSharp.torch.manual_seed(1);
            using var step = new AmalgamationStep(setup);
            step.Precision = recipe.Train.Precision == Precision.Auto ? PrecisionChoice.For(setup).Chosen : recipe.Train.Precision;
            Answer($"{{\"precision\": \"{step.Precision}\"}}");
            using var loader = new BatchLoader(setup.Train, recipe.Train.Batch, recipe.Augment, recipe.Train.Seed);
            using var ahead = new TaughtBatches(loader, step.Teach);
            while (Console.ReadLine() is { } line && line != "quit")
            {
                string[] words = line.Split(' ');
                Answer(words[0] == "memory"
                    ? $"{{\"peak_bytes\": {ResidentMemory.Peak()}}}"
                    : Run(words[0], int.Parse(words[1], CultureInfo.InvariantCulture), setup, step, ahead));
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    static string Run(string command, int count, AmalgamationSetup setup, AmalgamationStep step, TaughtBatches ahead)
    {
        var rate = new RatePoint(1e-3);
        using TaughtBatch first = ahead.Next();
        using var loader = new BatchLoader(setup.Train, setup.Recipe.Train.Batch, setup.Recipe.Augment, seed: 2);
        TimeSpan processor = Environment.CpuUsage.TotalTime;
        var clock = Stopwatch.StartNew();
        for (int i = 0; i < count; i++)
        {
            switch (command)
            {
                case "step":
                    using (TaughtBatch taught = ahead.Next())
                    {
                        step.Learn(taught, rate);
                    }

                    break;
                case "sequential":
                    ImageBatch next = loader.Next();
                    step.Run(next, rate);
                    loader.Return(next);
                    break;
                case "teachers":
                    using (step.Teach(first.Batch))
                    {
                    }

                    break;
                case "student":
                    step.Learn(first, rate);
                    break;
                case "data":
                    loader.Return(loader.Next());
                    break;
            }
        }

        return string.Create(CultureInfo.InvariantCulture, $"{{\"seconds\": {clock.Elapsed.TotalSeconds}, \"cpu_seconds\": {(Environment.CpuUsage.TotalTime - processor).TotalSeconds}, \"images\": {count * setup.Recipe.Train.Batch}}}");
    }

    static void Answer(string json)
    {
        Console.WriteLine(json);
        Console.Out.Flush();
    }
}
