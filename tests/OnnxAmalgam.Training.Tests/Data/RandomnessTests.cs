namespace OnnxAmalgam.Training.Tests.Data;

public sealed class RandomnessTests
{
    [Fact]
    public void Draws_are_these_numbers_on_every_machine()
    {
        Assert.Equal(0xAF63DC4C8601EC8CUL, Randomness.StreamOf("a"));
        Assert.Equal(7357597586479678262UL, Randomness.Draw(1, "order", 1, 0));
        Assert.Equal(3086125264168563476UL, Randomness.Draw(-5, "augment/0", 7, 59999));
        Assert.Equal([4, 7, 0, 5, 9, 1, 3, 6, 8, 2], Randomness.Permutation(1, "order", 1, 10));
    }

    [Fact]
    public void Each_word_of_the_counter_changes_half_of_the_bits()
    {
        ulong draw = Randomness.Draw(1, 2UL, 3, 4);
        foreach (ulong other in new[] { Randomness.Draw(0, 2UL, 3, 4), Randomness.Draw(1, 3UL, 3, 4), Randomness.Draw(1, 2UL, 2, 4), Randomness.Draw(1, 2UL, 3, 5) })
            Assert.InRange(ulong.PopCount(draw ^ other), 16UL, 48UL);
    }

    [Fact]
    public void Integers_are_uniform()
    {
        const int bound = 9, draws = 90_000;
        int[] counts = new int[bound];
        for (int i = 0; i < draws; i++)
            counts[Randomness.ToInt(Randomness.Draw(3, "test", 0, i), bound)]++;
        double chiSquare = counts.Sum(c => Math.Pow(c - draws / bound, 2) / (draws / bound));
        Assert.InRange(chiSquare, 0.5, 26.1); // 8 degrees of freedom: 1e-3 on the right
    }

    [Fact]
    public void Units_lie_in_zero_to_one_with_mean_a_half()
    {
        double[] units = [.. Enumerable.Range(0, 10_000).Select(i => Randomness.ToUnit(Randomness.Draw(1, "unit", 0, i)))];
        Assert.All(units, u => Assert.InRange(u, 0, 1 - 1e-16));
        Assert.Equal(0.5, units.Average(), 0.015);
        Assert.Equal(1.0 / 12, units.Average(u => Math.Pow(u - 0.5, 2)), 0.005);
    }

    [Fact]
    public void Permutations_hold_each_number_once_and_differ_by_seed_and_epoch()
    {
        int[] first = Randomness.Permutation(1, "order", 1, 1000);
        Assert.Equal(Enumerable.Range(0, 1000), first.Order());
        Assert.NotEqual(first, Randomness.Permutation(1, "order", 2, 1000));
        Assert.NotEqual(first, Randomness.Permutation(2, "order", 1, 1000));
        Assert.InRange(first.Index().Count(p => p.Item == p.Index), 0, 6);
        Assert.Empty(Randomness.Permutation(1, "order", 1, 0));
    }

    [Fact]
    public void Every_order_of_three_comes_up_equally_often()
    {
        var counts = Enumerable.Range(0, 6000).CountBy(i => string.Concat(Randomness.Permutation(1, "order", i, 3))).ToDictionary();
        Assert.Equal(6, counts.Count);
        Assert.All(counts.Values, c => Assert.InRange(c, 850, 1150));
    }
}
