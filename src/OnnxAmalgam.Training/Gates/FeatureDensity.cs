using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Gates;

/// <summary>How much more likely each image is among a teacher's own than among all, in that teacher's features.</summary>
/// <remarks>
/// r_i(x) = log sum_c p_c N(f_i(x); m_c, S) - log N(f_i(x); m, S_all): one Gaussian for each class that teacher i predicts, of one
/// covariance S, fitted to the images that are its own, against one Gaussian over all images. The largest wins. Whose they are is first what
/// the standardised energies say, then what the ratios said, until nothing changes or <see cref="MostRounds"/> rounds are done.
/// Class-wise Gaussians: Lee et al., NeurIPS 2018 (arXiv 1807.03888); the ratio to a background Gaussian: Ren et al., 2021 (arXiv
/// 2106.09022), who fit the first to labelled images; here there are none, hence the rounds. S = (squares within classes + S_all) / (images - classes + 1):
/// one image's worth of the covariance of all, so that a teacher that owns few images, or each of another class, is not certain of just these.
/// Covariances get a share of 1e-3 of their mean variance on the diagonal.
/// </remarks>
internal static class FeatureDensity
{
    const int MostRounds = 10;
    const double Ridge = 1e-3;
    const double FewestImages = 2;

    /// <summary>The ratios at the end, R[n, teachers].</summary>
    /// <param name="features">For each teacher its pooled features F[n, d_i].</param>
    /// <param name="predicted">Arg max of each teacher's scores, A[n, teachers].</param>
    /// <param name="owners">Whose each image is at the start, A[n].</param>
    public static Tensor LogRatios(IReadOnlyList<Tensor> features, Tensor predicted, Tensor owners)
    {
        using var scope = NewDisposeScope();
        Tensor[] wide = [.. features.Select(f => f.to(ScalarType.Float64))];
        var background = wide.Select(f => LogGaussians(f, f, zeros(f.shape[0], ScalarType.Int64), null)).ToArray();
        Tensor? ratios = null;
        for (int round = 0; round < MostRounds; round++)
        {
            ratios = stack(wide.Select((f, i) => Own(f, predicted.select(1, i), owners.eq(i), background[i].Covariance) - background[i].Density).ToArray(), 1);
            Tensor next = ratios.argmax(1);
            if (next.equal(owners).all().item<bool>())
            {
                break;
            }

            owners = next;
        }

        return ratios!.to(features[0].dtype).MoveToOuterDisposeScope();
    }

    /// <summary>The density of a teacher's own images; one that owns hardly any has none anywhere.</summary>
    static Tensor Own(Tensor features, Tensor predicted, Tensor mine, Tensor all)
    {
        Tensor rows = mine.nonzero().squeeze(1);
        return rows.shape[0] < FewestImages
            ? full(features.shape[0], -1e6, ScalarType.Float64)
            : LogGaussians(features, features.index_select(0, rows), predicted.index_select(0, rows), all).Density;
    }

    /// <summary>log sum_c p_c N(x; m_c, S) of X[n, d], fitted to Y[m, d] in classes A[m]; and S, which takes <paramref name="all"/> in where there is one.</summary>
    static (Tensor Density, Tensor Covariance) LogGaussians(Tensor points, Tensor fitted, Tensor classes, Tensor? all)
    {
        using var scope = NewDisposeScope();
        long d = points.shape[1];
        var (_, index, counts) = classes.unique(return_inverse: true, return_counts: true);
        Tensor sizes = counts!.to(ScalarType.Float64);
        Tensor means = zeros([sizes.shape[0], d], ScalarType.Float64).index_add_(0, index!, fitted, 1) / sizes.unsqueeze(1);
        Tensor centred = fitted - means.index_select(0, index!);
        Tensor squared = centred.t().matmul(centred);
        long freedom = fitted.shape[0] - sizes.shape[0];
        Tensor plain = all is null ? squared / freedom : (squared + all) / (freedom + 1);
        Tensor covariance = plain + eye(d, dtype: ScalarType.Float64) * (plain.diagonal().mean() * Ridge + 1e-12);
        Tensor root = linalg.cholesky(covariance);
        Tensor Whitened(Tensor x) => linalg.solve_triangular(root, x.t(), upper: false).t();
        Tensor squares = cdist(Whitened(points), Whitened(means)).square();
        Tensor priors = (sizes / sizes.sum()).log();
        return (((priors - squares / 2).logsumexp(1) - root.diagonal().log().sum()).MoveToOuterDisposeScope(), plain.MoveToOuterDisposeScope());
    }
}
