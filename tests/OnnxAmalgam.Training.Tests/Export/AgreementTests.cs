using OnnxAmalgam.Training.Export;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Export;

/// <summary>When an exported student may be called the trained one.</summary>
public sealed class AgreementTests
{
    const double Tolerance = 1e-4;

    [Fact]
    public void Differences_count_by_the_largest_score()
    {
        Agreement agreement = Between([[4, 0], [0, 2]], [[4.0002, 0], [0, 2]]);
        Assert.Equal(0.0002 / 4.0002, agreement.MaxDifference, 9);
        Assert.Equal((2, 0), (agreement.Images, agreement.Flips));
        Assert.True(agreement.Passes);
    }

    [Fact]
    public void A_difference_beyond_the_tolerance_fails_although_every_decision_stays()
    {
        Agreement agreement = Between([[4, 0], [0, 2]], [[4.001, 0], [0, 2]]);
        Assert.Equal(0, agreement.Flips);
        Assert.False(agreement.Passes);
    }

    [Theory]
    [InlineData(1.00001, 0, true)]
    [InlineData(1.001, 1, false)]
    public void A_decision_may_change_only_where_the_best_two_are_as_close_as_the_tolerance(double best, int flips, bool passes)
    {
        // the large score of another image makes both differences small against it
        Agreement agreement = Between([[1, best], [9, 0]], [[best, 1], [9, 0]]);
        Assert.Equal(flips, agreement.Flips);
        Assert.Equal(passes, agreement.Passes);
    }

    [Theory]
    [InlineData(0.5, 0.125)]
    [InlineData(double.NaN, double.PositiveInfinity)]
    public void Further_values_count_by_their_own_largest_element_and_decide_nothing(double off, double difference)
    {
        using var scope = NewDisposeScope();
        Tensor scores = tensor(new double[,] { { 9, 0 }, { 0, 9 } }), feature = tensor((double[])[4, 0, -1]);
        Agreement agreement = Agreement.Between([scores, feature], [scores, feature + tensor((double[])[0, off, 0])], Tolerance);
        Assert.Equal((difference, 2, 0), (agreement.MaxDifference, agreement.Images, agreement.Flips));
        Assert.False(agreement.Passes);
    }

    [Fact]
    public void What_is_no_number_never_agrees()
    {
        Agreement agreement = Between([[1, 0], [0, 1]], [[1, 0], [0, double.NaN]]);
        Assert.Equal(double.PositiveInfinity, agreement.MaxDifference);
        Assert.False(agreement.Passes);
    }

    static Agreement Between(double[][] a, double[][] b)
    {
        using var scope = NewDisposeScope();
        return Agreement.Between(Matrix(a), Matrix(b), Tolerance);
    }

    static Tensor Matrix(double[][] rows) => tensor(rows.SelectMany(r => r).ToArray(), rows.Length, rows[0].Length);
}
