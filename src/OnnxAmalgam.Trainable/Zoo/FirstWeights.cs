using Onnx;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Trainable.Interpretation;

namespace OnnxAmalgam.Trainable.Zoo;

/// <summary>The distribution of a stored tensor by the place of the first node that uses it.</summary>
internal sealed class FirstWeights(BoundGraph graph, TensorProto?[] stored, long seed)
{
    const float EmbeddingDeviation = 0.02f;

    /// <summary>Fresh elements for the stored tensor of a slot.</summary>
    public float[] Draw(int slot, string name, FirstWeightRule rule)
    {
        var dims = stored[slot]!.Dims;
        var count = ElementTypes.Count(dims);
        var (node, input) = Place(slot);
        if (rule == FirstWeightRule.KaimingNormal && node?.Row.Type is "Conv" or "FusedConv" or "ConvTranspose" or "DeformConv")
            return input == 1 && dims.Count > 2 ? Initialisation.Normal(count, Math.Sqrt(2.0 * dims[1] / count), seed, name) : Filled(count, 0);
        return node?.Row.Type switch
        {
            "BatchNormalization" or "InstanceNormalization" or "LayerNormalization" or "GroupNormalization" or "RMSNormalization" or "SimplifiedLayerNormalization" =>
                Filled(count, input is 1 or 4 ? 1 : 0),
            "SkipLayerNormalization" or "SkipSimplifiedLayerNormalization" => Filled(count, input is 2 ? 1 : 0),
            "FastGelu" or "BiasGelu" or "MultiHeadAttention" => Filled(count, 0),
            "RNN" or "GRU" or "LSTM" => Initialisation.LinearUniform(count, Hidden(node), seed, name),
            "Mul" or "Div" => Filled(count, 1),
            "Add" or "Sub" when FanInBefore(node, slot) is { } fanIn => Initialisation.LinearUniform(count, fanIn, seed, name),
            "Add" or "Sub" when dims.Count <= 1 => Filled(count, 0),
            "PRelu" => Filled(count, 0.25f),
            "Conv" or "FusedConv" or "ConvTranspose" or "DeformConv" or "Gemm" or "FusedGemm" or "MatMul" or "FusedMatMul" or "Einsum" or "Attention" => Initialisation.LinearUniform(count, FanIn(node), seed, name),
            _ => Initialisation.TruncatedNormal(count, EmbeddingDeviation, seed, name),
        };
    }

    /// <summary>The first node that uses a value other than to reshape or convert it, and as which input.</summary>
    (BoundNode? Node, int Input) Place(int slot)
    {
        foreach (var node in graph.Nodes)
        {
            var input = Array.IndexOf(node.Inputs, slot);
            if (input < 0) continue;
            return node.Row.Weights.Length > 0 || node.Row.Joins || node.Row.Buffers.Length > 0 || node.Outputs is not [>= 0 and var next]
                ? (node, input)
                : Place(next);
        }

        return (null, 0);
    }

    /// <summary>A bias that is added to a product stands for that product's own.</summary>
    int? FanInBefore(BoundNode addition, int slot)
    {
        var other = addition.Inputs.FirstOrDefault(input => input != slot && graph.MakerOf[input]?.Row.Type is "MatMul" or "Conv" or "Gemm", -1);
        return other >= 0 && stored[slot]!.Dims.Count(dim => dim > 1) <= 1 ? FanIn(graph.MakerOf[other]!) : null;
    }

    /// <summary>How many inputs one output sums over, from the shape of the node's weight.</summary>
    int FanIn(BoundNode node)
    {
        var weight = node.Inputs.Skip(node.Row.Type is "Conv" or "FusedConv" or "ConvTranspose" or "DeformConv" ? 1 : 0).Select(Shape).FirstOrDefault(shape => shape is { Length: >= 2 });
        if (weight is null) return 1;
        var product = weight.Skip(2).Aggregate(1L, (a, b) => a * b);
        return checked((int)Math.Max(1, node.Row.Type switch
        {
            "Conv" or "FusedConv" or "ConvTranspose" or "DeformConv" => weight[1] * product,
            "Gemm" or "FusedGemm" or "FusedMatMul" when node.Proto.Int("transB", 0) != 0 => weight[^1],
            "Gemm" or "FusedGemm" => weight[0],
            _ => weight[^2],
        }));
    }

    /// <summary>Size of a recurrent node's state: torch bounds all its weights by it.</summary>
    int Hidden(BoundNode node) => checked((int)(Shape(node.Inputs[2]) is { Length: 3 } recurrence ? recurrence[2] : node.Proto.Int("hidden_size", 1)));

    /// <summary>The shape of a stored tensor, looked at through nodes that transpose, cast or copy it.</summary>
    long[]? Shape(int slot)
    {
        if (slot < 0) return null;
        if (stored[slot] is { } tensor) return [.. tensor.Dims];
        return graph.MakerOf[slot] switch
        {
            { Row.Type: "Transpose" } turn when Shape(turn.Inputs[0]) is { } before =>
                [.. (turn.Proto.Ints("perm") ?? [.. Enumerable.Range(0, before.Length).Select(i => (long)i).Reverse()]).Select(axis => before[axis])],
            { Row.Type: "Cast" or "Identity" } same => Shape(same.Inputs[0]),
            _ => null,
        };
    }

    static float[] Filled(long count, float value)
    {
        var values = new float[count];
        Array.Fill(values, value);
        return values;
    }
}
