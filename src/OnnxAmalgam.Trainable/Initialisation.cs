using Onnx;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Trainable.Interpretation;
using OnnxAmalgam.Trainable.Operators;
using OnnxAmalgam.Trainable.Zoo;

namespace OnnxAmalgam.Trainable;

/// <summary>How first weights are drawn.</summary>
public enum FirstWeightRule
{
    /// <summary>As PyTorch's layers do by default.</summary>
    Default,
    /// <summary>Convolutions for what ReLU leaves of them, as torchvision's residual networks do: N(0, 2 / fan-out), biases 0 (He et al., arXiv 1502.01852); all else by default.</summary>
    KaimingNormal,
}

/// <summary>First weights, as PyTorch's layers draw them by default, from a generator without state: same seed, same bytes on every platform.</summary>
public static class Initialisation
{
    /// <summary>Elements of U(-1/sqrt(fanIn), 1/sqrt(fanIn)): <c>kaiming_uniform(a = sqrt 5)</c>, the default of convolutions and linear
    /// layers, weights and biases alike.</summary>
    /// <param name="count">How many.</param>
    /// <param name="fanIn">Inputs that one output sums over.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="stream">A name of its own for each weight.</param>
    public static float[] LinearUniform(long count, int fanIn, long seed, string stream)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(fanIn);
        ArgumentNullException.ThrowIfNull(stream);
        var generator = new CounterGenerator(seed, stream);
        var bound = 1 / Math.Sqrt(fanIn);
        var values = new float[count];
        for (long i = 0; i < count; i++) values[i] = (float)(((2 * generator.Uniform(i)) - 1) * bound);
        return values;
    }

    /// <summary>Elements of a normal distribution around 0, those beyond two deviations drawn again: position embeddings and class tokens.</summary>
    /// <remarks>An Irwin-Hall sum of twelve uniforms: sums are exact everywhere, logarithms and cosines differ between platforms.</remarks>
    public static float[] TruncatedNormal(long count, float deviation, long seed, string stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        var generator = new CounterGenerator(seed, stream);
        var values = new float[count];
        for (long i = 0, draw = 0; i < count; i++)
        {
            double sum;
            do
            {
                sum = -6;
                for (var k = 0; k < 12; k++) sum += generator.Uniform(draw++);
            }
            while (Math.Abs(sum) > 2);
            values[i] = (float)(sum * deviation);
        }

        return values;
    }

    /// <summary>Elements of a normal distribution around 0, six deviations at most: sums of twelve uniforms (see <see cref="TruncatedNormal"/>).</summary>
    /// <param name="count">How many.</param>
    /// <param name="deviation">Standard deviation.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="stream">A name of its own for each weight.</param>
    public static float[] Normal(long count, double deviation, long seed, string stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        var generator = new CounterGenerator(seed, stream);
        var values = new float[count];
        for (long i = 0; i < count; i++)
        {
            double sum = -6;
            for (var k = 0; k < 12; k++) sum += generator.Uniform((12 * i) + k);
            values[i] = (float)(sum * deviation);
        }

        return values;
    }

    /// <summary>The model with every trained tensor drawn anew: weights and biases of convolutions and products by the fan-in of the place
    /// they stand at, scales of normalisations 1 and their offsets 0, running means 0 and variances 1. Operands of plain additions become 0,
    /// of multiplications 1; embeddings and tokens are drawn from N(0, 0.02).</summary>
    /// <exception cref="UnsupportedModelException">The model cannot be trained.</exception>
    public static OnnxModel Reinitialise(OnnxModel model, long seed) => Reinitialise(model, seed, _ => FirstWeightRule.Default);

    /// <summary>The model with some of its trained tensors drawn anew, each by the place it stands at.</summary>
    /// <param name="model">Not changed.</param>
    /// <param name="seed">Seeds the draws; a tensor's draw does not depend on which others are drawn.</param>
    /// <param name="ruleOf">The rule for a tensor's name; null: it stays.</param>
    /// <exception cref="UnsupportedModelException">The model cannot be trained.</exception>
    public static OnnxModel Reinitialise(OnnxModel model, long seed, Func<string, FirstWeightRule?> ruleOf)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(ruleOf);
        var written = model.Clone();
        var graph = new BoundGraph(written, new FloatTypes(null));
        var stored = new StoredTensors(graph).BySlot;
        var trained = new TrainedTensors(graph, stored, written.ReadRaw);
        var firstWeights = new FirstWeights(graph, stored, seed);
        foreach (var slot in trained.Weights.Concat(trained.Statistics))
        {
            if (ruleOf(graph.NameOf(slot)) is { } rule)
                written.WriteRaw(stored[slot]!, Raw(firstWeights.Draw(slot, graph.NameOf(slot), rule), (TensorProto.Types.DataType)stored[slot]!.DataType));
        }

        return written;
    }

    static byte[] Raw(float[] values, TensorProto.Types.DataType type)
    {
        using var tensor = TorchSharp.torch.tensor(values);
        return TensorProtos.ToRaw(tensor, type);
    }
}
