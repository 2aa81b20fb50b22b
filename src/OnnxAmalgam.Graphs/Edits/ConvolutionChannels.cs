using Onnx;

namespace OnnxAmalgam.Graphs.Edits;

/// <summary>Which output channel each weight of a convolution works for: Conv has W[m, c/group, ...], ConvTranspose W[c, m/group, ...].</summary>
internal static class ConvolutionChannels
{
    /// <summary>Number of output channels.</summary>
    public static long Count(NodeProto node, IReadOnlyList<long> weight) => node.OpType == "Conv" ? weight[0] : weight[1] * node.Int("group", 1);

    /// <summary>Multiplies the weights of each output channel by its factor.</summary>
    public static void Scale(NodeProto node, IReadOnlyList<long> weight, double[] elements, double[] factors)
    {
        var kernel = weight.Skip(2).Aggregate(1L, (product, size) => product * size);
        var inputsAGroup = weight[0] / node.Int("group", 1);
        for (var row = 0L; row < weight[0] * weight[1]; row++)
        {
            var (first, second) = (row / weight[1], row % weight[1]);
            var factor = factors[node.OpType == "Conv" ? first : (first / inputsAGroup * weight[1]) + second];
            for (var i = row * kernel; i < (row + 1) * kernel; i++)
                elements[i] *= factor;
        }
    }
}
