using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests;

/// <summary>Seeded tensors and comparisons of the loss tests, in double unless said.</summary>
static class Tensors
{
    /// <summary>Uniform in -1..1, a pure function of the seed.</summary>
    public static Tensor Random(long seed, params long[] shape)
    {
        var count = (int)shape.Aggregate(1L, (a, b) => a * b);
        return tensor(Enumerable.Range(0, count).Select(i => 2 * Randomness.ToUnit(Randomness.Draw(seed, "test", 0, i)) - 1).ToArray(), shape);
    }

    /// <summary>The same, with a gradient.</summary>
    public static Tensor Variable(long seed, params long[] shape) => Random(seed, shape).requires_grad_();

    public static double[] Values(this Tensor tensor)
    {
        using var scope = NewDisposeScope();
        return [.. tensor.detach().cpu().to_type(ScalarType.Float64).contiguous().data<double>()];
    }

    public static double Value(this Tensor scalar) => scalar.Values().Single();

    /// <summary>Equal shapes, and values within a tolerance relative to max(1, |expected|); says where they first are not.</summary>
    public static void Close(Tensor expected, Tensor actual, double tolerance = 1e-9, string what = "tensor")
    {
        Assert.Equal(expected.shape, actual.shape);
        var (e, a) = (expected.Values(), actual.Values());
        var outside = Enumerable.Range(0, e.Length).Where(i => !(Math.Abs(e[i] - a[i]) <= tolerance * Math.Max(1, Math.Abs(e[i])))).ToArray();
        if (outside.Length > 0)
            Assert.Fail($"{what}: {outside.Length} of {e.Length} values differ, first at {outside[0]}: expected {e[outside[0]]:R}, got {a[outside[0]]:R}");
    }

    /// <summary>The gradient of a scalar function against central differences, in double.</summary>
    public static void GradientMatchesDifferences(Func<Tensor, Tensor> function, Tensor at, double tolerance = 1e-6)
    {
        const double Step = 1e-6;
        using var scope = NewDisposeScope();
        var variable = at.detach().clone().requires_grad_();
        function(variable).backward();
        var point = at.Values();
        var differences = point.Select((_, i) => (At(i, Step) - At(i, -Step)) / (2 * Step)).ToArray();
        Assert.Contains(differences, d => Math.Abs(d) > 100 * tolerance);
        Close(tensor(differences, at.shape), variable.grad!, tolerance, "gradient");

        double At(int index, double offset)
        {
            var moved = (double[])point.Clone();
            moved[index] += offset;
            return function(tensor(moved, at.shape)).Value();
        }
    }

    /// <summary>Runs an action until it is warm, then many times, and asserts that no tensor stayed alive.</summary>
    public static void LeavesNothingAlive(Action action, int times = 100)
    {
        action();
        var before = TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (var i = 0; i < times; i++) action();
        Assert.Equal(before, TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }
}
