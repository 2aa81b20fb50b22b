using TorchSharp.Modules;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.CommonSpace;

/// <summary>Where new weights come from: the n-th tensor drawn depends on the seed, n and its shape, on nothing else.</summary>
/// <param name="seed">Same seed, same weights, on every device and in every dtype up to rounding.</param>
/// <param name="device">Where the parameters will lie.</param>
/// <param name="dtype">Their element type.</param>
internal sealed class WeightSource(long seed, Device device, ScalarType dtype)
{
    static readonly ulong Stream = Randomness.StreamOf("common_space");
    long drawn;

    /// <summary>The seed.</summary>
    public long Seed => seed;

    /// <summary>Where parameters and buffers lie.</summary>
    public Device Device => device;

    /// <summary>Their element type.</summary>
    public ScalarType Dtype => dtype;

    /// <summary>A new parameter, uniform in +-1/sqrt(fan in), outside any dispose scope.</summary>
    public Parameter Draw(long[] shape, long fanIn)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var bound = 1 / Math.Sqrt(fanIn);
        var values = new double[shape.Aggregate(1L, (a, b) => a * b)];
        for (var i = 0; i < values.Length; i++)
            values[i] = bound * (2 * Randomness.ToUnit(Randomness.Draw(seed, Stream, drawn, i)) - 1);
        drawn++;
        Parameter parameter = new(tensor(values, shape).to(dtype, device).DetachFromDisposeScope());
        parameter.DetachFromDisposeScope();
        return parameter;
    }

    /// <summary>A new parameter of one value; takes no part in the count of draws.</summary>
    public Parameter Fill(long[] shape, double value)
    {
        using var noGrad = no_grad();
        Parameter parameter = new(full(shape, value, dtype, device).DetachFromDisposeScope());
        parameter.DetachFromDisposeScope();
        return parameter;
    }
}
