using static TorchSharp.torch;

namespace OnnxAmalgam.Training.CommonSpace;

/// <summary>Mean and covariance of a feature's channels over images and positions, summed in double on the CPU. Owns its sums.</summary>
internal sealed class ChannelMoments(int channels) : IDisposable
{
    readonly Tensor sum = zeros(channels, ScalarType.Float64).DetachFromDisposeScope();
    readonly Tensor products = zeros([channels, channels], ScalarType.Float64).DetachFromDisposeScope();
    long count;

    /// <summary>Adds F[n, c, ...].</summary>
    public void Add(Tensor feature)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var rows = feature.detach().cpu().to_type(ScalarType.Float64).movedim([1], [-1]).reshape(-1, channels);
        sum.add_(rows.sum([0]));
        products.add_(rows.t().matmul(rows));
        count += rows.shape[0];
    }

    /// <summary>mu[c] and S[c, c] (over n, not n - 1); the caller owns them.</summary>
    public (Tensor Mean, Tensor Covariance) Result()
    {
        using var noGrad = no_grad();
        var mean = sum / Math.Max(count, 1);
        using var square = products / Math.Max(count, 1);
        using var outer = mean.outer(mean);
        return (mean, square - outer);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        sum.Dispose();
        products.Dispose();
    }
}
