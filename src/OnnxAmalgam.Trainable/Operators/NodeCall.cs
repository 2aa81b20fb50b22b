using OnnxAmalgam.Trainable.Interpretation;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Operators;

/// <summary>One evaluation of one node: its inputs, and whether the module trains.</summary>
internal readonly struct NodeCall(Tensor?[] values, int[] inputs, BoundNode node, bool training)
{
    /// <summary>Whether the module is in training mode.</summary>
    public bool Training => training;

    /// <summary>Number of inputs listed.</summary>
    public int Count => inputs.Length;

    /// <summary>Number of outputs listed.</summary>
    public int OutputCount => node.Outputs.Length;

    /// <summary>An input that must be there.</summary>
    public Tensor this[int index] =>
        Optional(index) ?? throw new ArgumentException($"expected input {index}, got none");

    /// <summary>An input, or null where it is left out.</summary>
    public Tensor? Optional(int index) =>
        index < inputs.Length && inputs[index] >= 0 ? values[inputs[index]] : null;

    /// <summary>Whether the input is there.</summary>
    public bool Has(int index) => index < inputs.Length && inputs[index] >= 0;

    /// <summary>An input's elements as integers (a shape, axes).</summary>
    public long[] Ints(int index) => Host(index).Ints ?? throw new ArgumentException($"input {index}: expected integers");

    /// <summary>An input's elements as integers, or null where it is left out.</summary>
    public long[]? OptionalInts(int index) => Has(index) ? Ints(index) : null;

    /// <summary>An input's elements as numbers.</summary>
    public double[] Numbers(int index) => Host(index).Numbers;

    /// <summary>The element of a one-element input that never changes, or null.</summary>
    public double? ConstantScalar(int index) =>
        index < inputs.Length && node.Known[index] is { Numbers: [var only] } ? only : null;

    HostValue Host(int index) =>
        index < inputs.Length && node.Known[index] is { } known ? known : HostValue.Of(this[index]);
}
