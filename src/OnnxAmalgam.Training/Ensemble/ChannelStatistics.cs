using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Ensemble;

/// <summary>Mean and variance of each channel over images and positions, batch by batch in double (Chan, Golub, LeVeque 1979: the batches'
/// means and squared deviations are merged, so that nothing large is subtracted from something large).</summary>
internal sealed class ChannelStatistics
{
    double[] mean = [];
    double[] squares = [];
    long count;

    /// <summary>mu[c].</summary>
    public double[] Mean => mean;

    /// <summary>Variance[c] over n - 1, as torch's running variance is.</summary>
    public double[] Variance => [.. squares.Select(s => s / Math.Max(count - 1, 1))];

    /// <summary>Whether every number is.</summary>
    public bool IsFinite => Array.TrueForAll(mean, double.IsFinite) && Array.TrueForAll(squares, double.IsFinite);

    /// <summary>Adds F[n, c, ...].</summary>
    public void Add(Tensor feature)
    {
        using var scope = NewDisposeScope();
        Tensor rows = feature.detach().transpose(0, 1).flatten(1);
        Tensor centre = rows.mean([1], keepdim: true, type: ScalarType.Float64);
        Tensor deviation = rows.sub(centre.to_type(rows.dtype)).square().sum(1, type: ScalarType.Float64);
        double[] theirs = centre.cpu().data<double>().ToArray(), theirSquares = deviation.cpu().data<double>().ToArray();
        if (count == 0)
        {
            (mean, squares) = (new double[theirs.Length], new double[theirs.Length]);
        }

        long more = rows.shape[1], all = count + more;
        for (int c = 0; c < mean.Length; c++)
        {
            double apart = theirs[c] - mean[c];
            mean[c] += apart * more / all;
            squares[c] += theirSquares[c] + (apart * apart * count * more / all);
        }

        count = all;
    }
}
