using TorchSharp.Modules;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.CommonSpace;

/// <summary>Where new weights come from: one seeded generator, drawn from in the order of construction.</summary>
/// <param name="seed">Same seed, same weights.</param>
/// <param name="device">Where the parameters will lie.</param>
/// <param name="dtype">Their element type.</param>
internal sealed class WeightSource(long seed, Device device, ScalarType dtype) : IDisposable
{
    readonly Generator _generator = new(unchecked((ulong)seed), CPU);

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
        var values = rand(shape, float32, CPU, generator: _generator).mul_(2 * bound).sub_(bound).to(dtype, device);
        var parameter = new Parameter(values.DetachFromDisposeScope());
        parameter.DetachFromDisposeScope();
        return parameter;
    }

    /// <inheritdoc/>
    public void Dispose() => _generator.Dispose();
}
