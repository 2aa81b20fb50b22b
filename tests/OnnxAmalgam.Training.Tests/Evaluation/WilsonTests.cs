using OnnxAmalgam.Training.Evaluation;

namespace OnnxAmalgam.Training.Tests.Evaluation;

public sealed class WilsonTests
{
    [Theory]
    // 8/10 by hand: z^2 = 3.841459; (.8 + .1920729 +- 1.959964 sqrt(.016 + .0096036)) / 1.3841459
    [InlineData(8, 10, 0.490162, 0.943318)]
    [InlineData(1, 2, 0.094531, 0.905469)]
    [InlineData(0, 10, 0, 0.277533)]
    [InlineData(10, 10, 0.722467, 1)]
    public void Intervals_are_those_worked_out_by_hand(long hits, long n, double low, double high)
    {
        var interval = Wilson.Interval(hits, n);
        Assert.Equal(low, interval.Low, 1e-6);
        Assert.Equal(high, interval.High, 1e-6);
    }

    [Fact]
    public void It_is_symmetric_and_holds_the_share()
    {
        for (var hits = 0; hits <= 37; hits++)
        {
            var (low, high) = Wilson.Interval(hits, 37);
            var mirrored = Wilson.Interval(37 - hits, 37);
            Assert.Equal(1 - mirrored.High, low, 1e-12);
            Assert.InRange(hits / 37.0, low, high);
        }
    }

    [Fact]
    public void No_images_or_more_hits_than_images_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Wilson.Interval(0, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Wilson.Interval(3, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => Wilson.Interval(-1, 2));
    }
}
