using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Quality;

/// <summary>How much of some quantities can be read from features by a linear map, on images that the map was not fitted to.</summary>
internal static class LinearProbe
{
    /// <summary>Parts of the images; each is predicted by a map fitted to the others.</summary>
    public const int Folds = 5;

    /// <summary>Fewest images that a probe makes sense for.</summary>
    public const int LeastImages = 4 * Folds;

    static readonly double[] Penalties = [.. Enumerable.Range(-6, 11).Select(power => Math.Pow(10, power))];

    /// <summary>Held-out R^2 = 1 - sum |y - prediction|^2 / sum |y - mean|^2 over all images, mean and prediction being of the folds without the image; 1: all
    /// of it is there, 0: nothing is, a little below 0 is what chance gives.</summary>
    /// <param name="features">F[n, d].</param>
    /// <param name="targets">Y[n, t], the columns of each judged together.</param>
    /// <returns>One a target; null for fewer than <see cref="LeastImages"/> images, or quantities that do not vary.</returns>
    /// <remarks>
    /// Ridge regression on features standardised by the fitted part: min |y - F w|^2 + lambda |w|^2; image i is in fold i mod 5. For each column lambda, of
    /// 1e-6 to 1e4 times the number of images, is the largest whose leave-one-out error on the fitted part (e_i / (1 - h_ii), exact) is within a standard
    /// error of the least, so that the part held out decides nothing and few images do not pass chance off as a finding. Hoerl and Kennard,
    /// Technometrics 12 (1970); Breiman et al., Classification and Regression Trees (1984), 3.4.3.
    /// </remarks>
    public static double?[] HeldOutR2(Tensor features, params Tensor[] targets)
    {
        long images = features.shape[0];
        if (images < LeastImages)
        {
            return new double?[targets.Length];
        }

        using var scope = NewDisposeScope();
        using var guard = no_grad();
        Tensor wide = features.to_type(ScalarType.Float64), wanted = cat(targets, 1).to_type(ScalarType.Float64), fold = arange(images, ScalarType.Int64) % Folds;
        Tensor missed = zeros_like(wanted), varied = zeros_like(wanted);
        for (int k = 0; k < Folds; k++)
        {
            using var inner = NewDisposeScope();
            Tensor held = fold == k, fitted = held.logical_not();
            var (x, y) = (wide[fitted], wanted[fitted]);
            var (mean, deviation) = (x.mean([0]), x.std(0, unbiased: false));
            deviation = where(deviation > mean.abs() * 1e-9, deviation, ones_like(deviation) * double.PositiveInfinity);
            Tensor middle = y.mean([0]), weights = Fit((x - mean) / deviation, y - middle), rest = wanted[held] - middle;
            missed[held] = (rest - ((wide[held] - mean) / deviation).mm(weights)).square();
            varied[held] = rest.square();
        }

        long column = 0;
        return [.. targets.Select(target =>
        {
            double Sum(Tensor squares) => squares.narrow(1, column, target.shape[1]).sum().item<double>();
            double? share = Sum(varied) is > 0 and var whole ? 1 - (Sum(missed) / whole) : null;
            column += target.shape[1];
            return share;
        })];
    }

    /// <summary>X[n, d], Y[n, t], centred -> W[d, t].</summary>
    static Tensor Fit(Tensor x, Tensor y)
    {
        long n = x.shape[0];
        var (u, s, vh) = linalg.svd(x, fullMatrices: false);
        Tensor squares = s.square(), along = u.t().mm(y);
        Tensor[] errors = [.. Penalties.Select(p =>
        {
            Tensor kept = (squares / (squares + (n * p))).unsqueeze(1);
            Tensor leverage = u.square().mm(kept) + (1.0 / n);
            return ((y - u.mm(kept * along)) / (1 - leverage).clamp_min(1e-9)).square();
        })];
        Tensor means = stack([.. errors.Select(e => e.mean([0]))], 0), doubts = stack([.. errors.Select(e => e.std(0) / Math.Sqrt(n))], 0);
        Tensor least = means.argmin(0, keepdim: true), good = means <= means.gather(0, least) + doubts.gather(0, least);
        Tensor penalty = (good * tensor(Penalties).unsqueeze(1)).amax([0], keepdim: true) * n;
        return vh.t().mm(s.unsqueeze(1) / (squares.unsqueeze(1) + penalty) * along);
    }
}
