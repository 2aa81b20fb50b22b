using System.Globalization;
using OnnxAmalgam.Trainable;
using OnnxAmalgam.Training.Losses.Scores;
using OnnxAmalgam.Training.Optimisation;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Running;

/// <summary>What a step costs through the trainable graph, beside the same layers called by hand.</summary>
public sealed class GraphOverheadTests
{
    const int Pairs = 20;

    public GraphOverheadTests() => set_num_threads(1);

    [Theory]
    [InlineData("demo")]
    [InlineData("resnet18")]
    public void Both_networks_take_the_same_steps(string name)
    {
        using var both = new Networks(name);
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(both.ByHand(), both.ViaGraph());
        }
    }

    /// <summary>Takes a minute each: run by name, see docs/speed.md.</summary>
    [Theory(Explicit = true)]
    [InlineData("demo", 25)]
    [InlineData("resnet18", 4)]
    public void A_step_through_the_graph_takes_at_most_two_percent_longer_than_by_hand(string name, int stepsEach)
    {
        using var both = new Networks(name);
        for (int i = 0; i < stepsEach; i++)
        {
            _ = both.ByHand() + both.ViaGraph();
        }

        var pairs = new List<(double Graph, double Hand)>();
        for (int pair = 0; pair < Pairs; pair++)
        {
            double fastestGraph = double.MaxValue, fastestHand = double.MaxValue;
            for (int i = 0; i < stepsEach; i++)
            {
                // in turn, and each first half of the time
                if ((pair + i) % 2 == 0) fastestHand = Math.Min(fastestHand, ThreadTime.Seconds(both.ByHand));
                fastestGraph = Math.Min(fastestGraph, ThreadTime.Seconds(both.ViaGraph));
                if ((pair + i) % 2 != 0) fastestHand = Math.Min(fastestHand, ThreadTime.Seconds(both.ByHand));
            }

            pairs.Add((fastestGraph, fastestHand));
        }

        double[] overheads = [.. pairs.Select(p => 100 * (p.Graph / p.Hand - 1)).Order()];
        double median = (overheads[(Pairs / 2) - 1] + overheads[Pairs / 2]) / 2;
        // the 6th and the 15th of 20 ordered values enclose the median with 95.9 % (binomial)
        TestContext.Current.TestOutputHelper!.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{name}: step by hand {1000 * pairs.Select(p => p.Hand).Order().ElementAt(Pairs / 2):0.00} ms; through the graph {median:+0.00;-0.00} %, 95 % interval {overheads[5]:+0.00;-0.00} to {overheads[14]:+0.00;-0.00} %"));
        Assert.True(median <= 2, string.Create(CultureInfo.InvariantCulture, $"{median:0.00} % longer: {string.Join(", ", overheads.Select(o => o.ToString("0.0", CultureInfo.InvariantCulture)))}"));
    }

    /// <summary>The same network twice, with the same weights, and a batch to learn.</summary>
    sealed class Networks : IDisposable
    {
        readonly TrainableGraph graph;
        readonly nn.Module<Tensor, Tensor> hand;
        readonly Adam viaGraph, byHand;
        readonly Tensor images, target;

        public Networks(string name)
        {
            var (expression, channels, size, batch, classes) = name == "demo"
                ? ("zoo:resnet(widths=[16,32,64], blocks=[1,1,1])", 1, 28, 64, 20)
                : (HandWrittenResNet18.Expression, 3, 64, 32, 100);
            graph = new TrainableGraph(StudentZoo.Build(expression, channels, size, size, classes, seed: 1));
            hand = name == "demo" ? new HandWrittenStudent(channels, classes).From(graph) : new HandWrittenResNet18(classes).From(graph);
            (viaGraph, byHand) = (Rule(graph), Rule(hand));
            images = ChannelsLast.Of(Tensors.Random(1, batch, channels, size, size).to_type(ScalarType.Float32));
            target = nn.functional.softmax(Tensors.Random(2, batch, classes).to_type(ScalarType.Float32) * 5, 1);
        }

        public double ViaGraph() => Step(graph, viaGraph);

        public double ByHand() => Step(hand, byHand);

        public void Dispose()
        {
            foreach (var thing in (IDisposable[])[viaGraph, byHand, graph, hand, images, target]) thing.Dispose();
        }

        static Adam Rule(nn.Module module) =>
            new([new ParameterGroup("all", [.. module.named_parameters().Select(p => new NamedParameter(p.name, p.parameter))], 1, 1e-4)]);

        double Step(nn.Module<Tensor, Tensor> student, Adam optimizer)
        {
            using var scope = NewDisposeScope();
            Tensor loss = SoftTarget.CrossEntropy(student.forward(images), target, 1);
            double value = loss.item<float>();
            optimizer.ZeroGradients();
            loss.backward();
            optimizer.Step(new RatePoint(1e-3));
            return value;
        }
    }
}
