using Onnx;
using OnnxAmalgam.Trainable.Operators;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Interpretation;

/// <summary>A node ready to run: its kernel, and the slots of the values it reads and makes (-1: left out).</summary>
/// <param name="Proto">The node in the file.</param>
/// <param name="Row">What the operator means.</param>
/// <param name="Kernel">The row's kernel for this node's attributes.</param>
/// <param name="Inputs">Slots read.</param>
/// <param name="Outputs">Slots made.</param>
internal sealed record BoundNode(NodeProto Proto, Operator Row, Kernel Kernel, int[] Inputs, int[] Outputs)
{
    /// <summary>Inputs that never change, as numbers; null where the value is computed or large.</summary>
    public HostValue?[] Known { get; } = new HostValue?[Inputs.Length];

    /// <summary>Whether the node keeps to its evaluation form while the module trains: its statistics stay as they are.</summary>
    public bool IsFrozen { get; set; }

    /// <summary>The graphs inside the node.</summary>
    public IReadOnlyList<BoundBody> Bodies { get; init; } = [];

    /// <summary>Whether an input is a weight by its place, here or in a body.</summary>
    public bool IsWeight(int input) => Row.Weights.Contains(input) || Bodies.Any(body => body.Uses(input, (node, i) => node.IsWeight(i)));

    /// <summary>Whether an input is a running statistic by its place, here or in a body.</summary>
    public bool IsStatistic(int input) => Row.Buffers.Contains(input) || Bodies.Any(body => body.Uses(input, (node, i) => node.IsStatistic(i)));

    /// <summary>Whether an input's elements (not only its shape) matter to the output's elements by way of gradients.</summary>
    public bool Reads(int input) => Inputs[input] >= 0 && !Row.ReadsShapeOnly && !Row.Host.Contains(input);

    /// <summary>How messages call it: <c>node 'Resize_42' (Resize-13)</c>.</summary>
    public override string ToString() => $"node '{OnnxAmalgam.Graphs.NodeAttributes.DisplayName(Proto)}' ({Row})";
}

/// <summary>A small tensor's elements, read once.</summary>
/// <param name="Ints">As integers; null for a float tensor.</param>
/// <param name="Numbers">As numbers.</param>
internal sealed record HostValue(long[]? Ints, double[] Numbers)
{
    /// <summary>Reads the elements; waits for the device when the tensor lives on one.</summary>
    public static HostValue Of(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        var flat = tensor.detach().cpu().flatten();
        if (FloatTypes.IsFloat(tensor.dtype))
            return new(null, [.. flat.to_type(ScalarType.Float64).data<double>()]);
        long[] ints = [.. flat.to_type(ScalarType.Int64).data<long>()];
        return new(ints, Array.ConvertAll(ints, value => (double)value));
    }
}
