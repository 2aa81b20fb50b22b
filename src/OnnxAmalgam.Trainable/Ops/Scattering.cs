using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Ops;

/// <summary>Writing elements by place, with gradients: TorchSharp has no scatter_reduce, and libtorch's loses the gradient of some reductions.</summary>
internal static class Scattering
{
    /// <summary>X with the updates put at those places along the axis: written, added, multiplied, or the smaller or larger kept.</summary>
    /// <param name="x">The tensor.</param>
    /// <param name="axis">The axis that places count along.</param>
    /// <param name="places">int64 from 0, in the updates' shape.</param>
    /// <param name="updates">What is put there.</param>
    /// <param name="reduction"><c>none</c>, <c>add</c>, <c>mul</c>, <c>min</c> or <c>max</c>.</param>
    public static Tensor Write(Tensor x, long axis, Tensor places, Tensor updates, string reduction)
    {
        if (reduction == "none") return x.scatter(axis, places, updates);
        if (reduction == "add") return x.scatter_add(axis, places, updates);

        // One update along the axis after the other: each place is written once in a step, so plain gathers and writes do.
        var result = x.alias();
        for (var i = 0L; i < places.shape[Axes.Normal(axis, (int)places.dim())]; i++)
        {
            var (place, update) = (places.narrow(axis, i, 1), updates.narrow(axis, i, 1));
            var old = result.gather(axis, place);
            var combined = reduction switch { "mul" => old.mul(update), "min" => old.minimum(update), _ => old.maximum(update) };
            result = result.scatter(axis, place, combined);
        }

        return result;
    }
}
