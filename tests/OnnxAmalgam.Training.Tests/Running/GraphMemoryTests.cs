using System.Diagnostics;
using System.Globalization;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Trainable;
using OnnxAmalgam.Training.Losses.Scores;
using OnnxAmalgam.Training.Optimisation;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Running;

/// <summary>Peak memory of ResNet-18 through the trainable graph, beside the same layers called by hand; each in a process of its own.</summary>
public sealed class GraphMemoryTests : IDisposable
{
    const string What = "ONNX_AMALGAM_TEST_MEMORY";
    const int Batch = 32, Size = 112, Classes = 100, Steps = 4;

    readonly string model = Path.GetTempFileName();

    public void Dispose() => File.Delete(model);

    [Fact]
    public void Both_networks_compute_the_same()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var graph = new TrainableGraph(Model(Classes));
        using var hand = new HandWrittenResNet18(Classes).From(graph);
        var images = ChannelsLast.Of(Tensors.Random(1, 2, 3, 64, 64).to_type(ScalarType.Float32));
        foreach (bool training in (bool[])[false, true])
        {
            graph.train(training);
            hand.train(training);
            Assert.True(hand.forward(images).allclose(graph.forward(images), 1e-5, 1e-6));
        }
    }

    /// <summary>Takes three minutes: run by name, see docs/speed.md.</summary>
    [Fact(Explicit = true)]
    public void Peak_memory_through_the_graph_is_at_most_five_percent_above_that_by_hand()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "peak memory is read from /proc");
        File.Delete(model);
        Model(Classes).Save(model);
        foreach (string mode in (string[])["training", "evaluation"])
        {
            long[] hand = new long[5], graph = new long[5];
            for (int i = 0; i < hand.Length; i++)
            {
                (hand[i], graph[i]) = (Child($"hand {mode}"), Child($"graph {mode}"));
            }

            double more = 100 * (Median(graph) / Median(hand) - 1);
            TestContext.Current.TestOutputHelper!.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{mode}: by hand {Median(hand) / (1 << 20):0} MiB ({Range(hand)}), through the graph {Median(graph) / (1 << 20):0} MiB ({Range(graph)}), {more:+0.0;-0.0} %"));
            Assert.True(more <= 5, $"{mode}: {more:0.0} % more");
        }
    }

    /// <summary>The work of one process; how much memory it took is its result.</summary>
    [Fact(Explicit = true)]
    public void Work_of_a_child()
    {
        string? what = Environment.GetEnvironmentVariable(What);
        Assert.SkipWhen(what is null, "a part of the test above");
        set_num_threads(1);
        bool training = what.EndsWith("training", StringComparison.Ordinal);
        using nn.Module<Tensor, Tensor> network = what.StartsWith("graph", StringComparison.Ordinal) ? new TrainableGraph(OnnxModel.Load(Environment.GetEnvironmentVariable(What + "_MODEL")!)) : new HandWrittenResNet18(Classes);
        using var images = ChannelsLast.Of(rand(Batch, 3, Size, Size));
        using var target = nn.functional.softmax(rand(Batch, Classes), 1);
        network.train(training);
        using var rule = new Adam([new ParameterGroup("all", [.. network.named_parameters().Select(p => new NamedParameter(p.name, p.parameter))], 1, 1e-4)]);
        for (int i = 0; i < Steps; i++)
        {
            using var scope = NewDisposeScope();
            if (!training)
            {
                using var guard = no_grad();
                _ = network.forward(images).sum().item<float>();
                continue;
            }

            var loss = SoftTarget.CrossEntropy(network.forward(images), target, 1);
            rule.ZeroGradients();
            loss.backward();
            rule.Step(new RatePoint(1e-3));
        }

        string line = File.ReadLines("/proc/self/status").First(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
        File.WriteAllText(Environment.GetEnvironmentVariable(What + "_FILE")!, line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]);
    }

    static OnnxModel Model(int classes) => StudentZoo.Build(HandWrittenResNet18.Expression, 3, Size, Size, classes, seed: 1);

    static double Median(long[] values) => values.Order().ElementAt(values.Length / 2);

    static string Range(long[] values) => $"{values.Min() >> 20} to {values.Max() >> 20}";

    long Child(string what)
    {
        string file = Path.GetTempFileName();
        try
        {
            ProcessStartInfo start = new(Environment.ProcessPath!, ["-method", $"*.{nameof(GraphMemoryTests)}.{nameof(Work_of_a_child)}", "-explicit", "on"]) { RedirectStandardOutput = true };
            (start.Environment[What], start.Environment[What + "_FILE"], start.Environment[What + "_MODEL"]) = (what, file, model);
            using var process = Process.Start(start)!;
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            Assert.True(process.ExitCode == 0, output);
            return 1024 * long.Parse(File.ReadAllText(file), CultureInfo.InvariantCulture);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
