using OnnxAmalgam.Trainable;
using OnnxAmalgam.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace OnnxAmalgam.Cli.Checks;

/// <summary>A few steps of plain gradient descent towards a fixed random target, BatchNorm with the batch's own statistics. The rate is halved until the loss falls.</summary>
/// <param name="graph">Changed; it has no dropout.</param>
/// <param name="inputs">What it is fed.</param>
/// <param name="seed">Seeds the target.</param>
internal sealed class TrainingProbe(TrainableGraph graph, IReadOnlyDictionary<string, Tensor> inputs, long seed)
{
    const int MostHalvings = 60;

    /// <summary>Takes the steps. Null: no output depends on a weight, so there is nothing to train.</summary>
    public (double Before, double After)? Run(int steps)
    {
        using var scope = NewDisposeScope();
        graph.train();
        var names = TrainedOutputs();
        if (names.Length == 0)
            return null;
        var targets = Targets(names);
        var (before, rate) = (Loss(names, targets), 1.0);
        var after = before;
        for (var i = 0; i < steps; i++)
            (after, rate) = Step(names, targets, after, rate);
        return (before, after);
    }

    (double Loss, double Rate) Step(string[] names, Tensor[] targets, double before, double rate)
    {
        using var scope = NewDisposeScope();
        graph.zero_grad();
        using (var loss = LossTensor(names, targets))
            loss.backward();
        var parameters = graph.Initializers.Values.Where(p => p.grad is not null).ToArray();
        using var guard = no_grad();
        var weights = parameters.Select(p => p.clone()).ToArray();
        var statistics = graph.Statistics.Values.Select(s => s.clone()).ToArray();
        for (var halving = 0; halving < MostHalvings; halving++, rate /= 2)
        {
            Move(parameters, weights, rate);
            var loss = Loss(names, targets);
            if (loss < before)
                return (loss, rate);
            Restore(parameters, weights, statistics);
        }
        return (before, rate);
    }

    static void Move(Parameter[] parameters, Tensor[] weights, double rate)
    {
        foreach (var (p, start) in parameters.Zip(weights))
        {
            using var scope = NewDisposeScope();
            p.copy_(start - (p.grad! * rate));
        }
    }

    void Restore(Parameter[] parameters, Tensor[] weights, Tensor[] statistics)
    {
        foreach (var (p, start) in parameters.Zip(weights))
            p.copy_(start);
        foreach (var (s, start) in graph.Statistics.Values.Zip(statistics))
            s.copy_(start);
    }

    /// <summary>Float outputs that a gradient can come back from.</summary>
    string[] TrainedOutputs()
    {
        using var scope = NewDisposeScope();
        return [.. graph.OutputNames.Zip(graph.Run(inputs, graph.OutputNames)).Where(o => o.Second.requires_grad && o.Second.numel() > 0).Select(o => o.First)];
    }

    /// <summary>Noise as wide as the outputs themselves.</summary>
    Tensor[] Targets(string[] names)
    {
        using var guard = no_grad();
        return [.. graph.Run(inputs, names).Zip(names, (output, name) => Noise(name, output.shape) * Width(output))];
    }

    static double Width(Tensor output) => output.numel() > 1 && output.to_type(ScalarType.Float64).std().item<double>() is > 0 and < 1e6 and var std ? std : 1;

    Tensor Noise(string name, long[] shape)
    {
        var stream = Randomness.StreamOf($"target {name}");
        var values = new double[shape.Aggregate(1L, (a, b) => a * b)];
        for (var i = 0; i < values.Length; i++)
            values[i] = (2 * Randomness.ToUnit(Randomness.Draw(seed, stream, 1, i))) - 1;
        return tensor(values).reshape(shape);
    }

    double Loss(string[] names, Tensor[] targets)
    {
        using var guard = no_grad();
        using var loss = LossTensor(names, targets);
        return loss.item<double>();
    }

    Tensor LossTensor(string[] names, Tensor[] targets)
    {
        using var scope = NewDisposeScope();
        return graph.Run(inputs, names).Zip(targets, (y, t) => (y.to_type(ScalarType.Float64) - t).square().mean()).Aggregate((a, b) => a + b).MoveToOuterDisposeScope();
    }
}
