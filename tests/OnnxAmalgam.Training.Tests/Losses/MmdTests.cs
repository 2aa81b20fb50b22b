using CsCheck;
using OnnxAmalgam.Training.Losses.Features;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Losses;

public sealed class MmdTests
{
    static readonly MmdOptions Published = new(MmdTerm.Published);
    static readonly MmdOptions Median = new(null);

    static Tensor Unit(long seed, params long[] shape) => nn.functional.normalize(Tensors.Random(seed, shape).relu_(), dim: shape.Length - 1);

    /// <summary>The definition, pair by pair.</summary>
    static double Naive(double[][] x, double[][] y, double[] widths, bool unbiased)
    {
        double Kernel(double[] a, double[] b)
        {
            var square = Math.Max(a.Zip(b, (p, q) => (p - q) * (p - q)).Sum(), 1e-12);
            return widths.Sum(s => Math.Exp(-square / (2 * s * s)));
        }

        double Own(double[][] z) => z.Index().Sum(a => z.Index().Sum(b => unbiased && a.Index == b.Index ? 0 : Kernel(a.Item, b.Item)));
        double n = x.Length, own = unbiased ? n * (n - 1) : n * n;
        var result = (Own(x) + Own(y)) / own - 2 * x.Sum(a => y.Sum(b => Kernel(a, b))) / (n * n);
        return unbiased ? result : Math.Max(result, 0);
    }

    static double[][] Rows(Tensor tensor) => [.. tensor.Values().Chunk((int)tensor.shape[1])];

    static double MedianSquare(params double[][][] sides)
    {
        var pairs = new[] { (0, 0), (1, 1), (0, 1) };
        var squares = pairs.SelectMany(p => sides[p.Item1].Index().SelectMany(a => sides[p.Item2].Index().Where(b => b.Index != a.Index)
            .Select(b => a.Item.Zip(b.Item, (u, v) => (u - v) * (u - v)).Sum()))).Order().ToArray();
        return squares[(squares.Length - 1) / 2];
    }

    [Fact]
    public void It_is_its_definition_for_any_batch_and_bank() =>
        Gen.Select(Gen.Long, Gen.Int[2, 7], Gen.Int[1, 5], Gen.Bool, Gen.Bool).Sample((seed, n, d, unbiased, median) =>
        {
            using var scope = NewDisposeScope();
            var (x, y) = (Tensors.Random(seed, n, d), Tensors.Random(seed + 1, n, d) * 0.7 + 0.2);
            double[] widths = median
                ? [.. new[] { 0.25, 0.5, 1, 2, 4 }.Select(f => Math.Sqrt(f * MedianSquare(Rows(x), Rows(y))))]
                : [0.1, 0.5, 2];
            var actual = Mmd.Between(x, y, new(median ? null : widths, unbiased)).Value();
            Assert.Equal(Naive(Rows(x), Rows(y), widths, unbiased), actual, 1e-9);
        }, iter: 60);

    [Fact]
    public void Two_points_by_hand()
    {
        // |x1 - x2| = 1, |y1 - y2| = 2, x at 0 and 1, y at 0 and 2; s = 1
        using var scope = NewDisposeScope();
        var (x, y) = (tensor(new[] { 0.0, 1 }, 2, 1), tensor(new[] { 0.0, 2 }, 2, 1));
        double e1 = Math.Exp(-0.5), e4 = Math.Exp(-2);
        var own = (2 + 2 * e1) / 4 + (2 + 2 * e4) / 4;
        var cross = 2 * (1 + e4 + e1 + e1) / 4;
        Assert.Equal(own - cross, Mmd.Between(x, y, new([1])).Value(), 1e-12);
        Assert.Equal(e1 + e4 - cross, Mmd.Between(x, y, new([1], Unbiased: true)).Value(), 1e-12);
    }

    [Theory]
    [InlineData(ScalarType.Float64, 1e-12)]
    [InlineData(ScalarType.Float32, 5e-3)]
    public void A_batch_with_itself_has_none(ScalarType dtype, double tolerance)
    {
        using var scope = NewDisposeScope();
        var x = Unit(1, 64, 256).to_type(dtype);
        Assert.Equal(0, Mmd.Between(x, x, Published).Value(), tolerance);
        Assert.Equal(0, Mmd.Between(x, x, Median).Value(), tolerance);
    }

    [Fact]
    public void A_dead_kernel_adds_two_over_n_and_no_gradient()
    {
        using var scope = NewDisposeScope();
        const int N = 16;
        var x = Unit(1, N, 300).requires_grad_();
        var dead = Mmd.Between(x, Unit(2, N, 300), new([0.001, 0.01]));
        // not exactly: the clamped diagonal of the narrow one is exp(-5e-7)
        Assert.Equal(2 * 2.0 / N, dead.Value(), 1e-6);
        dead.backward();
        Assert.All(x.grad!.Values(), g => Assert.Equal(0, g));
        Assert.Equal(0, Mmd.Between(x, Unit(2, N, 300), new([0.001, 0.01], Unbiased: true)).Value(), 1e-9);
    }

    [Fact]
    public void Batches_of_one_distribution_have_none_in_the_mean_when_unbiased_and_go_below_zero()
    {
        using var scope = NewDisposeScope();
        var values = Enumerable.Range(0, 200).Select(i => Mmd.Between(Unit(2 * i, 32, 8), Unit(2 * i + 1, 32, 8), new([0.5, 1], Unbiased: true)).Value()).ToArray();
        Assert.Contains(values, v => v < 0);
        Assert.InRange(values.Average(), -0.005, 0.005);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void Gradient_flows_to_both_sides(bool unbiased, bool fixedMedian)
    {
        using var scope = NewDisposeScope();
        double[] widths = fixedMedian ? [1.3] : [0.3, 1, 2];
        var (x, y) = (Tensors.Random(1, 4, 3), Tensors.Random(2, 4, 3));
        Tensors.GradientMatchesDifferences(z => Mmd.Between(z, y, new(widths, unbiased)), x);
        Tensors.GradientMatchesDifferences(z => Mmd.Between(x, z, new(widths, unbiased)), y);
    }

    [Fact]
    public void The_median_has_no_gradient_and_follows_the_scale()
    {
        using var scope = NewDisposeScope();
        var (x, y) = (Tensors.Random(1, 6, 3), Tensors.Random(2, 6, 3));
        double[] widths = [.. new[] { 0.25, 0.5, 1, 2, 4 }.Select(f => Math.Sqrt(f * MedianSquare(Rows(x), Rows(y))))];
        var (free, bound) = (x.clone().requires_grad_(), x.clone().requires_grad_());
        Mmd.Between(free, y, Median).backward();
        Mmd.Between(bound, y, new(widths)).backward();
        Tensors.Close(bound.grad!, free.grad!);
        Assert.Equal(Mmd.Between(x, y, Median).Value(), Mmd.Between(x * 30, y * 30, Median).Value(), 1e-9);
    }

    [Fact]
    public void Several_teachers_are_as_each_alone()
    {
        using var scope = NewDisposeScope();
        var all = Tensors.Random(1, 4, 5, 3);
        foreach (var options in new[] { Published, Median, new([1], Unbiased: true) })
        {
            var together = Mmd.ToEach(all, options);
            Assert.Equal([3L], together.shape);
            for (var i = 1; i < 4; i++) Assert.Equal(Mmd.Between(all[0], all[i], options).Value(), together[i - 1].Value(), 1e-12);
        }
    }

    [Fact]
    public void The_order_of_images_does_not_matter_to_it()
    {
        using var scope = NewDisposeScope();
        var (x, y) = (Unit(1, 6, 9), Unit(2, 6, 9));
        Assert.Equal(Mmd.Between(x, y, Published).Value(), Mmd.Between(x, y.flip(0), Published).Value(), 1e-12);
    }

    [Fact]
    public void One_image_is_enough()
    {
        using var scope = NewDisposeScope();
        var (x, y) = (Unit(1, 1, 9), Unit(2, 1, 9));
        foreach (var options in new[] { Published, Median, new MmdOptions(MmdTerm.Published, Unbiased: true) })
            Assert.True(double.IsFinite(Mmd.Between(x, y, options).Value()));
        Assert.Equal(0, Mmd.Between(x, y, new MmdOptions(MmdTerm.Published, Unbiased: true)).Value());
    }

    [Fact]
    public void Equal_features_do_not_make_the_median_divide_by_zero()
    {
        using var scope = NewDisposeScope();
        var x = ones(4, 3, ScalarType.Float64, requires_grad: true);
        var value = Mmd.Between(x, ones(4, 3, ScalarType.Float64), Median);
        value.backward();
        Assert.Equal(0, value.Value(), 1e-12);
        Assert.All(x.grad!.Values(), g => Assert.True(double.IsFinite(g)));
    }

    [Fact]
    public void Forms_agree_on_one_position_and_are_means_on_several()
    {
        using var scope = NewDisposeScope();
        var maps = Tensors.Random(1, 3, 6, 4, 2, 2).abs();
        var point = maps[TensorIndex.Ellipsis, 0..1, 0..1];
        foreach (var form in Enum.GetValues<MmdForm>())
            Tensors.Close(Mmd.ToEach(nn.functional.normalize(point.flatten(2), dim: 2), Median), Mmd.InForm(point, form, Median));
        Tensors.Close(Mmd.InForm(maps.mean([3, 4]), MmdForm.Map, Median), Mmd.InForm(maps, MmdForm.Pooled, Median));
        var each = from y in Enumerable.Range(0, 2) from x in Enumerable.Range(0, 2) select Mmd.InForm(maps[TensorIndex.Ellipsis, y, x], MmdForm.Map, Median);
        Tensors.Close(stack(each.ToArray()).mean([0]), Mmd.InForm(maps, MmdForm.Location, Median));
        Tensors.GradientMatchesDifferences(h => Mmd.InForm(stack([h, maps[1]]), MmdForm.Location, Published).sum() * 10, maps[0]);
    }
}
