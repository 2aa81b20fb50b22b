using OnnxAmalgam.Training.CommonSpace;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.CommonSpace;

public sealed class FeatureStandardiserTests
{
    static FeatureStandardiser New(int channels) => new(channels, CPU, ScalarType.Float64);

    static Tensor Batch(params double[] values) => tensor(values, values.Length, 1);

    [Theory]
    [InlineData(new long[] { 4, 3, 5, 2 })]
    [InlineData(new long[] { 40, 3 })]
    public void The_first_batch_leaves_with_mean_zero_and_variance_one_per_channel(long[] shape)
    {
        using var scope = NewDisposeScope();
        using var standardiser = New(3);
        var scale = tensor(new[] { 1.0, 100, 0.1 }).view([1, 3, .. Enumerable.Repeat(1L, shape.Length - 2)]);
        var channels = standardiser.forward(Tensors.Random(1, shape) * scale + 5).transpose(0, 1).flatten(1);
        Tensors.Close(zeros(3), channels.mean([1]), 1e-6);
        Tensors.Close(ones(3), channels.var(1, false), 1e-3);
    }

    [Fact]
    public void Statistics_are_the_average_so_far_and_later_a_slow_one()
    {
        using var scope = NewDisposeScope();
        using var standardiser = New(1);
        double mean = 0, square = 0;
        for (var t = 1; t <= 150; t++)
        {
            double[] batch = [t, t + 2];
            var share = 1.0 / Math.Min(t, 100);
            mean += share * (batch.Average() - mean);
            square += share * (batch.Average(v => v * v) - square);
            var expected = batch.Select(v => (v - mean) / Math.Sqrt(square - mean * mean + 1e-6)).ToArray();
            Tensors.Close(Batch(expected), standardiser.forward(Batch(batch)), 1e-9, $"batch {t}");
        }
    }

    [Fact]
    public void Evaluation_uses_the_statistics_and_does_not_move_them()
    {
        using var scope = NewDisposeScope();
        using var standardiser = New(1);
        standardiser.forward(Batch(1, 3));
        standardiser.eval();
        Tensors.Close(Batch(98), standardiser.forward(Batch(100)), 1e-4);
        Tensors.Close(Batch(98), standardiser.forward(Batch(100)), 1e-4);
    }

    [Fact]
    public void A_large_mean_costs_no_digits_of_the_variance()
    {
        using var scope = NewDisposeScope();
        using FeatureStandardiser standardiser = new(1, CPU, ScalarType.Float32);
        var batch = tensor(new[] { 4095.5f, 4096.5f }, 2, 1);
        standardiser.forward(batch);
        Tensors.Close(tensor(new[] { -1f, 1 }, 2, 1), standardiser.forward(batch), 1e-3);
    }

    [Fact]
    public void State_is_mean_variance_and_batches()
    {
        using var standardiser = New(2);
        Assert.Equal(["batches", "mean", "variance"], standardiser.state_dict().Keys.Order());
    }

    [Fact]
    public void Updating_leaves_nothing_but_its_result()
    {
        using var standardiser = New(2);
        using var batch = Tensors.Random(1, 3, 2, 4, 4);
        Tensors.LeavesNothingAlive(() => standardiser.forward(batch).Dispose());
    }
}
