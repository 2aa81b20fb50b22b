using OnnxAmalgam.Graphs;
using OnnxAmalgam.Teachers;
using OnnxAmalgam.Trainable;
using OnnxAmalgam.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxAmalgam.Cli.Checks;

/// <summary>The trainable graph in float64, for judging float32 results.</summary>
internal sealed class DoubleRun(OnnxModel model, IReadOnlyDictionary<string, TensorData> inputs, IReadOnlyList<string> names)
{
    /// <summary>Half the distance of neighbouring float32 numbers, as a share of them.</summary>
    const double HalfUnit = 1.0 / (1 << 24);

    /// <summary>The results.</summary>
    public IReadOnlyList<Values> Exact() => Run(disturb: false);

    /// <summary>The results when every weight and every float input is off by a float32 rounding error.</summary>
    public IReadOnlyList<Values> Disturbed() => Run(disturb: true);

    Values[] Run(bool disturb)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var graph = new TrainableGraph(model, ScalarType.Float64);
        using var feed = new TorchFeed(inputs, graph);
        if (disturb)
            Disturb(graph.Initializers.Select(p => (p.Key, (Tensor)p.Value)).Concat(graph.Statistics.Select(s => (s.Key, s.Value))));
        graph.eval();
        var fed = feed.Tensors.ToDictionary(t => t.Key, t => t.Value.is_floating_point() ? t.Value.to_type(ScalarType.Float64).clone() : t.Value, StringComparer.Ordinal);
        if (disturb)
            Disturb(fed.Where(t => t.Value.is_floating_point()).Select(t => (t.Key, t.Value)));
        return [.. graph.Run(fed, names).Select(Values.Of)];
    }

    static void Disturb(IEnumerable<(string Name, Tensor Tensor)> tensors)
    {
        foreach (var (name, tensor) in tensors)
        {
            var stream = Randomness.StreamOf($"rounding {name}");
            var factors = new double[tensor.numel()];
            for (var i = 0; i < factors.Length; i++)
                factors[i] = (Randomness.Draw(0, stream, 0, i) & 1) == 0 ? 1 - HalfUnit : 1 + HalfUnit;
            tensor.mul_(torch.tensor(factors).reshape(tensor.shape));
        }
    }
}
