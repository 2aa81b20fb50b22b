using System.Runtime.InteropServices;
using Onnx;
using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Trainable;

/// <summary>New weights as PyTorch's layers start with: uniform in +-1/sqrt(fan in) for convolutions and linear layers and their
/// biases (kaiming_uniform with a = sqrt 5), 1 and 0 for normalisations. Counter based: same seed, same bytes, everywhere.</summary>
public static class Initialisation
{
    /// <summary>Draws values uniform in +-1/sqrt(fan in).</summary>
    /// <param name="count">How many.</param>
    /// <param name="fanIn">Values that enter one output.</param>
    /// <param name="seed">Seed of the model.</param>
    /// <param name="stream">Name of what is drawn; another name gives other values.</param>
    public static float[] Uniform(long count, long fanIn, long seed, string stream)
    {
        double bound = 1 / Math.Sqrt(fanIn);
        ulong key = stream.Aggregate(Mix((ulong)seed), (hash, unit) => Mix(hash ^ unit));
        var values = new float[count];
        for (long i = 0; i < count; i++)
        {
            double unit = (Mix(key ^ Mix((ulong)i)) >> 11) * (1.0 / (1UL << 53));
            values[i] = (float)(((2 * unit) - 1) * bound);
        }

        return values;
    }

    /// <summary>The model with every convolution, linear layer and normalisation drawn anew; other initializers stay.</summary>
    /// <exception cref="InputException">A weight that is not float32.</exception>
    public static OnnxModel Redraw(OnnxModel model, long seed)
    {
        ArgumentNullException.ThrowIfNull(model);
        OnnxModel copy = model.Clone();
        var initializers = copy.Proto.Graph.Initializer.ToDictionary(t => t.Name, StringComparer.Ordinal);
        foreach (NodeProto node in copy.Proto.Graph.Node)
        {
            TensorProto? At(int i) => i < node.Input.Count ? initializers.GetValueOrDefault(node.Input[i]) : null;
            switch (node.OpType)
            {
                case "Conv" or "ConvTranspose" or "Gemm" or "MatMul" when At(1) is { } weight:
                    long fanIn = FanIn(node, weight);
                    Write(copy, weight, Uniform(Count(weight), fanIn, seed, weight.Name));
                    if (At(2) is { } bias)
                    {
                        Write(copy, bias, Uniform(Count(bias), fanIn, seed, bias.Name));
                    }

                    break;
                case "BatchNormalization" or "LayerNormalization" or "InstanceNormalization" or "GroupNormalization":
                    for (int i = 1; i < node.Input.Count; i++)
                    {
                        if (At(i) is { } vector)
                        {
                            Write(copy, vector, [.. Enumerable.Repeat(i is 1 or 4 ? 1f : 0f, (int)Count(vector))]);
                        }
                    }

                    break;
            }
        }

        return copy;
    }

    static long FanIn(NodeProto node, TensorProto weight) => node.OpType switch
    {
        "Gemm" => weight.Dims[node.Int("transB", 0) == 0 ? 0 : 1],
        "MatMul" => weight.Dims[Math.Max(0, weight.Dims.Count - 2)],
        _ => weight.Dims.Skip(1).Aggregate(1L, (a, b) => a * b),
    };

    static long Count(TensorProto tensor) => tensor.Dims.Aggregate(1L, (a, b) => a * b);

    static void Write(OnnxModel model, TensorProto tensor, float[] values)
    {
        if (tensor.DataType != (int)TensorProto.Types.DataType.Float)
        {
            throw new InputException($"model '{model.Name}', initializer '{tensor.Name}': expected float32 to draw anew, got {(TensorProto.Types.DataType)tensor.DataType}; keep its weights (student.weights: keep)");
        }

        model.WriteRaw(tensor, MemoryMarshal.AsBytes<float>(values));
    }

    /// <summary>SplitMix64's finaliser (Steele, Lea, Flood, OOPSLA 2014).</summary>
    static ulong Mix(ulong x)
    {
        x += 0x9E3779B97F4A7C15;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }
}
