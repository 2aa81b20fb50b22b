using System.Globalization;
using System.Runtime.InteropServices;
using Google.Protobuf;
using Onnx;
using OnnxAmalgam.Graphs.Edits.Opsets;
using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Graphs.Edits;

/// <summary>Writes what a <see cref="QuantisationPlan"/> says: x = s (q - z) for values, w[c] = s[c] q for weights, b[c] = s s[c] q for biases.</summary>
internal sealed class Quantisation
{
    // 255 * 64 * 2 is the most that two products come to: within 16 bits
    const double LargestWeight = 64;
    // a bias of 2^30 leaves its sum as much room again
    const double LargestBias = 1 << 30;

    readonly QuantisationPlan plan;
    readonly IReadOnlyDictionary<string, ValueRange> ranges;
    readonly OnnxModel model;
    readonly NewInitializers initializers;
    readonly FreeNames names;
    readonly List<NodeProto> nodes = [];
    readonly Dictionary<string, string> rounded = new(StringComparer.Ordinal);
    readonly Dictionary<string, (string Scale, string Zero, double Step)> scales = new(StringComparer.Ordinal);

    Quantisation(QuantisationPlan plan, IReadOnlyDictionary<string, ValueRange> ranges)
    {
        (this.plan, this.ranges) = (plan, ranges);
        model = plan.Model.Clone();
        initializers = new NewInitializers(model.Proto);
        names = new FreeNames(model.Proto);
    }

    public static OnnxModel Of(QuantisationPlan plan, IReadOnlyDictionary<string, ValueRange> ranges) => new Quantisation(plan, ranges).Run();

    /// <summary>The axis of a layer's weights along which its output channels are.</summary>
    public static int ChannelAxis(NodeProto layer) => layer.OpType == "Conv" || (layer.OpType == "Gemm" && layer.Int("transB", 0) != 0) ? 0 : 1;

    OnnxModel Run()
    {
        foreach (var planned in plan.View.Nodes)
        {
            var node = planned.Clone();
            for (int i = 0; i < node.Input.Count; i++)
                node.Input[i] = Rounded(planned.Input[i]);
            if (plan.IsInteger(planned))
                Weights(planned, node);
            nodes.Add(node);
        }

        model.Proto.Graph.Node.Clear();
        model.Proto.Graph.Node.Add(nodes);
        Pruning.Prune(model);
        return model;
    }

    /// <summary>The name of a value once rounded to integers, for whoever reads it; its own name where it is not.</summary>
    string Rounded(string value)
    {
        if (plan.Source(value) is not { } source)
            return value;
        if (rounded.TryGetValue(value, out var known))
            return known;
        var (scale, zero, _) = Scale(source);
        string integers = initializers.Free($"{value}_uint8"), result = initializers.Free($"{value}_rounded");
        nodes.Add(Node("QuantizeLinear", [value, scale, zero], integers));
        nodes.Add(Node("DequantizeLinear", [integers, scale, zero], result));
        return rounded[value] = result;
    }

    /// <summary>Scale and zero point of a measured value: its range, with 0 in it, over 0..255, so that 0 is exact.</summary>
    (string Scale, string Zero, double Step) Scale(string source)
    {
        if (scales.TryGetValue(source, out var known))
            return known;
        var range = ranges[source];
        double least = Math.Min(range.Least, 0), greatest = Math.Max(range.Greatest, 0);
        if (!double.IsFinite(greatest - least))
            throw new InputException(string.Create(CultureInfo.InvariantCulture, $"'{model.Name}', value '{source}': expected finite numbers to make integers of, got {range.Least} to {range.Greatest}; look at the model's weights, or at the images"));
        float step = Step((greatest - least) / byte.MaxValue);
        byte zero = (byte)Math.Clamp(Math.Round(-least / step), 0, byte.MaxValue);
        return scales[source] = (Put($"{source}_scale", DataType.Float, [], BitConverter.GetBytes(step)), Put($"{source}_zero", DataType.Uint8, [], [zero]), step);
    }

    /// <summary>A layer's weights and bias as integers behind DequantizeLinear.</summary>
    void Weights(NodeProto planned, NodeProto node)
    {
        TensorProto tensor = plan.Constant(planned.Input[1]);
        double[] weights = StoredReals.Read(plan.Model, tensor);
        double[]? bias = planned.InputOrNull(2) is { } stored ? StoredReals.Read(plan.Model, plan.Constant(stored)) : null;
        int axis = ChannelAxis(planned), channels = (int)tensor.Dims[axis], inner = axis == 0 ? weights.Length / Math.Max(channels, 1) : 1;
        double step = Scale(plan.Source(planned.Input[0])!).Step;
        int ChannelOf(int i) => i / inner % channels;

        var largest = new double[channels];
        for (int i = 0; i < weights.Length; i++)
            largest[ChannelOf(i)] = Math.Max(largest[ChannelOf(i)], Math.Abs(weights[i]));
        float[] scale = [.. largest.Select((most, c) => Step(Math.Max(most / LargestWeight, bias is null ? 0 : Math.Abs(bias[c]) / step / LargestBias)))];
        var integers = new sbyte[weights.Length];
        for (int i = 0; i < weights.Length; i++)
            integers[i] = (sbyte)Math.Clamp(Math.Round(weights[i] / scale[ChannelOf(i)]), -LargestWeight, LargestWeight);

        string name = planned.Input[1], scales = Put($"{name}_scale", DataType.Float, [channels], MemoryMarshal.AsBytes<float>(scale).ToArray());
        string zeros = Put($"{name}_zero", DataType.Int8, [channels], new byte[channels]);
        node.Input[1] = Dequantised(name, Put($"{name}_int8", DataType.Int8, tensor.Dims, MemoryMarshal.AsBytes<sbyte>(integers).ToArray()), scales, zeros, axis);
        if (bias is null)
            return;
        float[] product = [.. scale.Select(s => (float)(s * step))];
        int[] sums = [.. bias.Select((b, c) => (int)Math.Round(b / product[c]))];
        string ofBias = planned.Input[2], productScale = Put($"{ofBias}_scale", DataType.Float, [channels], MemoryMarshal.AsBytes<float>(product).ToArray());
        string noOffset = Put($"{ofBias}_zero", DataType.Int32, [channels], new byte[channels * sizeof(int)]);
        node.Input[2] = Dequantised(ofBias, Put($"{ofBias}_int32", DataType.Int32, [channels], MemoryMarshal.AsBytes<int>(sums).ToArray()), productScale, noOffset, 0);
    }

    /// <summary>A step between neighbouring integers that a float can hold; where all numbers are 0, any does.</summary>
    static float Step(double wanted) => (float)wanted is > 0 and var step && float.IsNormal(step) ? step : 1;

    string Dequantised(string name, string integers, string scale, string zero, int axis)
    {
        string result = initializers.Free($"{name}_rounded");
        var node = Node("DequantizeLinear", [integers, scale, zero], result);
        node.Attribute.Add(NodeUpgrade.Attribute("axis", axis));
        nodes.Add(node);
        return result;
    }

    string Put(string wanted, DataType type, IEnumerable<long> dims, byte[] content)
    {
        var tensor = new TensorProto { Name = initializers.Free(wanted), DataType = (int)type, Dims = { dims }, RawData = UnsafeByteOperations.UnsafeWrap(content) };
        initializers.Put(tensor);
        return tensor.Name;
    }

    NodeProto Node(string op, string[] inputs, string output) => new() { OpType = op, Name = names.FreeNode($"{output}/{op}"), Input = { inputs }, Output = { output } };
}
