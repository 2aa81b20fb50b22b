using OnnxAmalgam.Training.CommonSpace;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.CommonSpace;

public sealed class PhiSTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(12)]
    [InlineData(20)]
    [InlineData(24)]
    [InlineData(28)]
    [InlineData(36)]
    [InlineData(48)]
    [InlineData(64)]
    [InlineData(96)]
    [InlineData(160)]
    public void Hadamard_matrices_are_orthonormal_with_entries_of_one_size(int size)
    {
        using var scope = NewDisposeScope();
        var h = Hadamard.Orthonormal(size);
        Tensors.Close(eye(size, dtype: ScalarType.Float64), h.matmul(h.t()), 1e-12);
        Assert.All(h.Values(), v => Assert.Equal(1 / Math.Sqrt(size), Math.Abs(v), 1e-15));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(10)]
    [InlineData(65)]
    public void Sizes_without_one_get_an_orthonormal_matrix(int size)
    {
        using var scope = NewDisposeScope();
        Assert.Null(Hadamard.Signs(size));
        var h = Hadamard.Orthonormal(size);
        Tensors.Close(eye(size, dtype: ScalarType.Float64), h.matmul(h.t()), 1e-12);
        Tensors.Close(h, Hadamard.Orthonormal(size), 0);
    }

    [Fact]
    public void Fitted_features_have_mean_0_and_variance_1_in_every_channel_and_come_back_exactly()
    {
        using var scope = NewDisposeScope();
        var mixing = Tensors.Random(1, 8, 8) * arange(8, ScalarType.Float64);
        var features = (Tensors.Random(2, 50, 3, 3, 8).matmul(mixing) + 5).movedim([-1], [1]);
        using ChannelMoments moments = new(8);
        moments.Add(features.narrow(0, 0, 20));
        moments.Add(features.narrow(0, 20, 30));
        using RotatedStandardiser standardiser = new(8, CPU, ScalarType.Float64);
        Tensors.Close(features, standardiser.forward(features), 0);
        standardiser.Fit(moments);
        var rotated = standardiser.forward(features);
        var rows = rotated.movedim([1], [-1]).reshape(-1, 8);
        Tensors.Close(zeros(8, ScalarType.Float64), rows.mean([0]), 1e-9);
        Tensors.Close(ones(8, ScalarType.Float64), rows.square().mean([0]), 1e-9);

        var (mean, covariance) = moments.Result();
        var rotation = PhiS.Rotation(covariance);
        var square = covariance.diagonal().mean();
        Tensors.Close(eye(8, dtype: ScalarType.Float64), rotation.t().matmul(rotation) * square, 1e-9);
        Tensors.Close(features.movedim([1], [-1]).reshape(-1, 8), rows.matmul(rotation) * square + mean, 1e-9);
    }

    [Fact]
    public void Offline_statistics_standardise_each_channel_for_itself()
    {
        using var scope = NewDisposeScope();
        var features = Tensors.Random(2, 50, 3, 2, 2) * tensor(new[] { 1.0, 10, 100 }).view(1, 3, 1, 1) + 5;
        using ChannelMoments moments = new(3);
        moments.Add(features);
        using RotatedStandardiser standardiser = new(3, CPU, ScalarType.Float64, rotates: false);
        standardiser.Fit(moments);
        var expected = (features - features.mean([0, 2, 3], keepdim: true)) / features.std([0, 2, 3], unbiased: false, keepdim: true);
        Tensors.Close(expected, standardiser.forward(features), 1e-4);
    }

    [Fact]
    public void A_feature_that_does_not_move_stays_finite()
    {
        using var scope = NewDisposeScope();
        using ChannelMoments moments = new(4);
        moments.Add(ones(9, 4));
        using RotatedStandardiser standardiser = new(4, CPU, ScalarType.Float32);
        standardiser.Fit(moments);
        Assert.All(standardiser.forward(ones(2, 4)).Values(), v => Assert.True(Math.Abs(v) < 1));
    }
}
