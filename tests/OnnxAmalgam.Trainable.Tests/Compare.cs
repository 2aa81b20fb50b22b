using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Tests;

/// <summary>The one comparison of tensors.</summary>
internal static class Compare
{
    /// <summary>Asserts |a - b| at most atol + rtol |b| everywhere, the same shape and the same element type; NaN equals NaN.</summary>
    public static void Close(Tensor expected, Tensor actual, double rtol, double atol, string what)
    {
        Assert.True(expected.shape.AsSpan().SequenceEqual(actual.shape), $"{what}: expected shape [{string.Join(", ", expected.shape)}], got [{string.Join(", ", actual.shape)}]");
        Assert.True(expected.dtype == actual.dtype, $"{what}: expected type {expected.dtype}, got {actual.dtype}");
        using var scope = NewDisposeScope();
        var (a, b) = (Numbers(expected), Numbers(actual));
        var (outliers, first, worst) = (0, -1, 0.0);
        for (var i = 0; i < a.Length; i++)
        {
            if (a[i].Equals(b[i])) continue;
            var difference = Math.Abs(a[i] - b[i]);
            if (difference <= atol + (rtol * Math.Abs(a[i]))) continue;
            if (outliers++ == 0) first = i;
            worst = Math.Max(worst, double.IsNaN(difference) ? double.PositiveInfinity : difference);
        }

        Assert.True(outliers == 0, first < 0 ? what : $"{what}: {outliers}/{a.Length} elements differ, the first at {first}: expected {a[first]:R}, got {b[first]:R}; worst difference {worst:G3}");
    }

    static double[] Numbers(Tensor tensor) => [.. tensor.detach().cpu().to_type(ScalarType.Float64).flatten().data<double>()];
}
