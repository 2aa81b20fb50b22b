using OnnxAmalgam.Training.Quality;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Quality;

public sealed class FeatureQualityTests
{
    [Fact]
    public void Equal_views_are_aligned_and_opposite_ones_are_as_far_apart_as_can_be()
    {
        using var scope = NewDisposeScope();
        Tensor features = Tensors.Random(1, 20, 7);
        Assert.Equal(0, FeatureQuality.Alignment(features, features));
        Assert.Equal(0, FeatureQuality.Alignment(features, 3 * features), 1e-12);
        Assert.Equal(4, FeatureQuality.Alignment(features, -features), 1e-12);
        // |(1, 0) - (0, 1)|^2 = 2
        Assert.Equal(2, FeatureQuality.Alignment(tensor(new float[,] { { 5, 0 } }), tensor(new float[,] { { 0, 1 } })), 1e-12);
    }

    [Fact]
    public void Coinciding_points_have_uniformity_zero_and_points_that_spread_have_less()
    {
        using var scope = NewDisposeScope();
        Assert.Equal(0, FeatureQuality.Uniformity(ones(10, 4)), 1e-12);
        Assert.Equal(0, FeatureQuality.Spread(ones(10, 4)), 1e-12);
        // Two opposite points: the one pair has distance^2 4.
        Assert.Equal(-8, FeatureQuality.Uniformity(tensor(new float[,] { { 1, 0 }, { -1, 0 } })), 1e-12);
        Tensor wide = Tensors.Random(2, 200, 16), narrow = wide + 3;
        Assert.True(FeatureQuality.Uniformity(wide) < FeatureQuality.Uniformity(narrow) - 1);
        Assert.Equal(2, FeatureQuality.Spread(wide), 0.1);
    }

    [Fact]
    public void Pairs_of_more_images_than_are_held_at_once_are_all_counted_once()
    {
        using var scope = NewDisposeScope();
        Tensor features = Tensors.Random(7, 1100, 5);
        features[3] = zeros(5);
        Tensor units = nn.functional.normalize(features.to_type(ScalarType.Float64), p: 2, dim: 1);
        Tensor distances = (units.unsqueeze(0) - units.unsqueeze(1)).square().sum(2)[eye(1100, dtype: ScalarType.Bool).logical_not()];
        Assert.Equal(distances.mean().item<double>(), FeatureQuality.Spread(features), 1e-10);
        Assert.Equal((distances * -2).exp().mean().log().item<double>(), FeatureQuality.Uniformity(features), 1e-10);
    }

    [Fact]
    public void RankMe_is_the_rank_of_a_matrix_with_equal_singular_values_and_never_above_the_rank()
    {
        using var scope = NewDisposeScope();
        var (q, _) = linalg.qr(Tensors.Random(3, 50, 12));
        for (int rank = 1; rank <= 12; rank++)
        {
            Tensor some = q.narrow(1, 0, rank);
            Assert.Equal(rank, FeatureQuality.RankMe(some.mm(some.t())), 1e-6);
        }

        Tensor product = Tensors.Random(4, 60, 5).mm(Tensors.Random(5, 5, 30));
        Assert.InRange(FeatureQuality.RankMe(product), 2, 5);
        Assert.Equal(0, FeatureQuality.RankMe(zeros(4, 3)));
    }

    [Fact]
    public void A_unit_correlates_with_itself_and_not_with_noise_and_a_constant_one_is_left_out()
    {
        using var scope = NewDisposeScope();
        Tensor first = Tensors.Random(6, 500, 3), second = first.clone(), noise = Tensors.Random(7, 500);
        second.select(1, 1).copy_(noise);
        second.select(1, 2).fill_(0.1);
        double[] rho = FeatureQuality.Correlations(first, second).Values();
        Assert.Equal(1, rho[0], 1e-9);
        Assert.InRange(rho[1], -0.15, 0.15);
        Assert.Equal(double.NaN, rho[2]);
        Assert.Equal(-1, FeatureQuality.Correlations(first, -2 * first).Values()[0], 1e-9);
    }

    [Fact]
    public void Decoupling_is_high_where_what_survives_is_sparse()
    {
        using var scope = NewDisposeScope();
        Tensor sparsity = tensor(new[] { 0.1, 0.5, 0.9, 0.3 });
        Assert.Equal(1, FeatureQuality.Decoupling(sparsity, tensor(new[] { 0.2, 0.6, 1.0, 0.4 }))!.Value, 1e-9);
        Assert.Equal(-1, FeatureQuality.Decoupling(sparsity, tensor(new[] { 0.8, 0.4, 0.0, 0.6 }))!.Value, 1e-9);
        // Dead units do not count; equal ones tell nothing.
        Assert.Equal(1, FeatureQuality.Decoupling(sparsity, tensor(new[] { 0.2, 0.6, 1.0, double.NaN }))!.Value, 1e-9);
        Assert.Null(FeatureQuality.Decoupling(sparsity, tensor(new[] { 0.2, double.NaN, 1.0, double.NaN })));
        Assert.Null(FeatureQuality.Decoupling(sparsity, ones(4, ScalarType.Float64)));
    }
}
