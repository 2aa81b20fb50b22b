using OnnxAmalgam.Training.Comparison;

namespace OnnxAmalgam.Training.Tests.Comparison;

public sealed class StatisticsTests
{
    [Theory]
    [InlineData(1, 12.7062047362)]
    [InlineData(2, 4.3026527297)]
    [InlineData(3, 3.1824463053)]
    [InlineData(4, 2.7764451052)]
    [InlineData(9, 2.2621571628)]
    [InlineData(30, 2.0422724563)]
    [InlineData(1000, 1.9623390808)]
    public void Students_t_is_the_tables(int degrees, double bound) => Assert.Equal(bound, StudentT.Bound(degrees), 1e-8);

    [Fact]
    public void The_interval_of_a_mean_by_hand()
    {
        // deviation 0.02, over sqrt 3, times t of 2 degrees
        var (mean, low, high) = StudentT.Interval([0.90, 0.92, 0.94]);
        double half = 4.3026527297 * 0.02 / Math.Sqrt(3);
        Assert.Equal(0.92, mean, 1e-12);
        Assert.Equal(0.92 - half, low!.Value, 1e-9);
        Assert.Equal(0.92 + half, high!.Value, 1e-9);
        Assert.Equal((0.5, null, null), StudentT.Interval([0.5]));
        Assert.Equal((0.5, 0.5, 0.5), StudentT.Interval([0.5, 0.5]));
    }

    [Theory]
    [InlineData(0, 0, 1)]
    [InlineData(3, 3, 1)]
    [InlineData(0, 5, 0.0625)]
    [InlineData(5, 0, 0.0625)]
    [InlineData(1, 9, 2 * 11 / 1024.0)]
    [InlineData(2, 10, 2 * (1 + 12 + 66) / 4096.0)]
    public void McNemar_by_hand(int first, int second, double p) => Assert.Equal(p, McNemar.P(first, second), 1e-12);

    [Fact]
    public void McNemar_of_many_images_is_near_the_chi_square_with_continuity_correction()
    {
        // (|1100 - 1000| - 1)^2 / 2100 = 4.667; its upper tail with one degree of freedom is 0.03074
        Assert.Equal(0.03074, McNemar.P(1100, 1000), 2e-4);
        Assert.Equal(McNemar.P(1000, 1100), McNemar.P(1100, 1000));
        Assert.InRange(McNemar.P(9000, 11000), 0, 1e-30);
    }

    [Fact]
    public void Bootstrap_is_paired_seeded_and_near_the_normal_interval()
    {
        const int Images = 400;
        int[] Method(int number, double share) => [.. Enumerable.Range(0, Images).Select(i => Randomness.ToUnit(Randomness.Draw(5, "method", number, i)) < share ? 1 : 0)];
        int[][] scores = [Method(0, 0.8), Method(1, 0.7), Method(0, 0.8)];
        var intervals = PairedBootstrap.Differences(scores, 1, seed: 1, resamples: 2000);
        Assert.Equal(3, intervals.Count);
        // a method against itself does not vary, however the images are drawn
        Assert.Equal((0, 0), intervals[1]);
        Assert.Equal(intervals, PairedBootstrap.Differences(scores, 1, seed: 1, resamples: 2000));
        Assert.NotEqual(intervals, PairedBootstrap.Differences(scores, 1, seed: 2, resamples: 2000));

        double[] difference = [.. scores[0].Zip(scores[1], (a, b) => (double)(a - b))];
        double mean = difference.Average(), half = 1.96 * Math.Sqrt(difference.Sum(d => (d - mean) * (d - mean)) / Images / Images);
        Assert.Equal(mean - half, intervals[0].Low, 0.01);
        Assert.Equal(mean + half, intervals[0].High, 0.01);
        // the other order is the same interval mirrored
        var mirrored = PairedBootstrap.Differences([scores[1], scores[0]], 1, seed: 1, resamples: 2000)[0];
        Assert.Equal((-intervals[0].High, -intervals[0].Low), mirrored);
    }

    [Fact]
    public void Bootstrap_of_equal_sums_is_zero_to_the_last_bit()
    {
        // five runs each: 1/5 + 2/5 and 3/5 + 0/5 would differ if shares were summed
        var (low, high) = Assert.Single(PairedBootstrap.Differences([[1, 2, 3, 0], [1, 2, 3, 0]], runs: 5, seed: 1, resamples: 200));
        Assert.Equal((0, 0), (low, high));
        var intervals = PairedBootstrap.Differences([[3], [1]], runs: 5, seed: 1, resamples: 10);
        Assert.Equal((0.4, 0.4), intervals[0]);
    }
}
