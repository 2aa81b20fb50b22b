using OnnxAmalgam.Graphs;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Ensemble;

/// <summary>Nothing learns from scores or features that are not finite.</summary>
static class FiniteOutputs
{
    /// <summary>Waits for the device once, unless something is amiss.</summary>
    /// <param name="values">Each [n, ...].</param>
    /// <param name="teacher">Whose they are.</param>
    /// <param name="imageName">Names the i-th image of the batch.</param>
    /// <exception cref="InputException">Names the first image with a value that is not finite.</exception>
    public static void Require(Tensor[] values, string teacher, Func<int, string> imageName)
    {
        using var scope = NewDisposeScope();
        if (double.IsFinite(stack(values.Select(v => v.sum()).ToArray()).sum().item<float>()))
        {
            return;
        }

        foreach (Tensor value in values)
        {
            Tensor bad = value.isfinite().reshape(value.shape[0], -1).all(1).logical_not();
            if (bad.any().item<bool>())
            {
                int first = (int)bad.to(ScalarType.Int64).argmax().item<long>();
                throw new InputException($"teacher '{teacher}', image '{imageName(first)}': expected finite scores and features, got NaN or infinity; check the teacher's input description (scale, mean, std) and its precision");
            }
        }
    }
}
