using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Quality;

/// <summary>Measures of features F[n, d], one row an image, in double.</summary>
internal static class FeatureQuality
{
    /// <summary>Images whose distances to all others are held at once.</summary>
    const int Rows = 512;

    /// <summary>Mean |u - v|^2 of unit vectors: how far two views of one image lie apart; 0 for equal views, at most 4.</summary>
    /// <remarks>Wang and Isola, ICML 2020 (arXiv 2005.10242), alpha = 2.</remarks>
    public static double Alignment(Tensor first, Tensor second)
    {
        using var scope = NewDisposeScope();
        return (Units(first) - Units(second)).square().sum(1).mean().item<double>();
    }

    /// <summary>log of the mean exp(-2 |u_i - u_j|^2) over pairs of different images on the unit sphere: 0 where all coincide, lower where they spread.</summary>
    /// <remarks>Wang and Isola, ICML 2020, t = 2.</remarks>
    public static double Uniformity(Tensor features)
    {
        using var scope = NewDisposeScope();
        Tensor units = Units(features), squares = units.square().sum(1);
        long n = units.shape[0];
        double sum = 0;
        for (long from = 0; from < n; from += Rows)
        {
            using var block = NewDisposeScope();
            long count = Math.Min(Rows, n - from);
            Tensor distances = (squares.narrow(0, from, count).unsqueeze(1) + squares.unsqueeze(0) - (2 * units.narrow(0, from, count).mm(units.t()))).clamp_min(0);
            Tensor close = (distances * -2).exp();
            sum += (close.sum() - close.diagonal(from).sum()).item<double>();
        }

        return Math.Log(sum / ((double)n * (n - 1)));
    }

    /// <summary>Mean |u_i - u_j|^2 over pairs of different images on the unit sphere.</summary>
    public static double Spread(Tensor features)
    {
        using var scope = NewDisposeScope();
        Tensor units = Units(features);
        long n = units.shape[0];
        return 2 * ((n * units.square().sum()) - units.sum([0]).square().sum()).item<double>() / ((double)n * (n - 1));
    }

    /// <summary>RankMe: exp of the entropy of the singular values' shares; r for a matrix of r equal singular values, never above its rank.</summary>
    /// <remarks>Garrido et al., ICML 2023 (arXiv 2210.02885). Features are not centred. 0 for a matrix of zeros.</remarks>
    public static double RankMe(Tensor features)
    {
        using var scope = NewDisposeScope();
        Tensor values = linalg.svdvals(features.to_type(ScalarType.Float64));
        double sum = values.sum().item<double>();
        if (sum == 0)
        {
            return 0;
        }

        Tensor shares = values / sum;
        return (shares * shares.clamp_min(1e-12).log()).sum().neg().exp().item<double>();
    }

    /// <summary>Correlation of each unit between two views, R[d]; NaN for a unit that is constant in one of them.</summary>
    public static Tensor Correlations(Tensor first, Tensor second)
    {
        using var scope = NewDisposeScope();
        var (u, v) = (Centred(first), Centred(second));
        var (uu, vv) = (u.square().sum([0]), v.square().sum([0]));
        Tensor lives = (uu > Constant(first)).logical_and(vv > Constant(second));
        return where(lives, (u * v).sum([0]) / (uu * vv).sqrt(), tensor(double.NaN)).MoveToOuterDisposeScope();
    }

    /// <summary>Decoupling: correlation over units of sparsity (how often a unit is not above zero) and of its agreement between two views.
    /// High: what survives the augmentation is sparse. Null where fewer than three units live, or all are alike.</summary>
    /// <remarks>After Wen and Li, ICML 2021 (arXiv 2105.15134): contrast with an augmentation that breaks dense nuisances leaves units that each
    /// follow one sparse feature.</remarks>
    public static double? Decoupling(Tensor sparsity, Tensor correlations)
    {
        using var scope = NewDisposeScope();
        Tensor lives = correlations.isnan().logical_not();
        if (lives.sum().item<long>() < 3)
        {
            return null;
        }

        var (s, r) = (Centred(sparsity[lives]), Centred(correlations[lives]));
        double scale = (s.square().sum() * r.square().sum()).sqrt().item<double>();
        return scale > 1e-9 ? (s * r).sum().item<double>() / scale : null;
    }

    static Tensor Units(Tensor features) => nn.functional.normalize(features.to_type(ScalarType.Float64), p: 2, dim: 1);

    static Tensor Centred(Tensor values)
    {
        Tensor wide = values.to_type(ScalarType.Float64);
        return wide - wide.mean([0]);
    }

    /// <summary>What rounding alone can leave of a constant column.</summary>
    static Tensor Constant(Tensor features) => features.to_type(ScalarType.Float64).square().sum([0]) * 1e-12;
}
