using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Gates;

/// <summary>Lloyd's algorithm from k-means++ seeds (Arthur and Vassilvitskii, SODA 2007), drawn from the counter-based generator.</summary>
internal static class KMeans
{
    const int Iterations = 30;

    /// <summary>X[n, d] -> the cluster of each row, A[n] (int64); the caller owns it. Fewer distinct rows than clusters leave some empty.</summary>
    /// <param name="points">X.</param>
    /// <param name="clusters">k, at least 1.</param>
    /// <param name="seed">Of the draws.</param>
    public static Tensor Assign(Tensor points, int clusters, long seed)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        Tensor centres = Seeds(points, (int)Math.Min(clusters, points.shape[0]), seed);
        Tensor assigned = Nearest(points, centres);
        for (int i = 0; i < Iterations; i++)
        {
            using var inner = NewDisposeScope();
            Tensor sums = zeros_like(centres).index_add_(0, assigned, points, 1);
            Tensor counts = zeros(centres.shape[0], points.dtype).index_add_(0, assigned, ones(points.shape[0], points.dtype), 1).unsqueeze(1);
            // An empty cluster stays where it is.
            centres = where(counts > 0, sums / counts.clamp_min(1), centres).MoveToOuterDisposeScope();
            Tensor next = Nearest(points, centres);
            bool same = next.equal(assigned).all().item<bool>();
            assigned = next.MoveToOuterDisposeScope();
            if (same)
            {
                break;
            }
        }

        return assigned.MoveToOuterDisposeScope();
    }

    static Tensor Nearest(Tensor points, Tensor centres)
    {
        using var scope = NewDisposeScope();
        // |x - c|^2 without |x|^2, which is the same for all c.
        return (centres.square().sum(1) - 2 * points.matmul(centres.t())).argmin(1).MoveToOuterDisposeScope();
    }

    static Tensor Seeds(Tensor points, int clusters, long seed)
    {
        using var scope = NewDisposeScope();
        long first = Randomness.ToInt(Randomness.Draw(seed, "k-means", 0, 0), (int)points.shape[0]);
        var chosen = new List<Tensor> { points[first] };
        Tensor distance = (points - chosen[0]).square().sum(1);
        for (int i = 1; i < clusters; i++)
        {
            using var inner = NewDisposeScope();
            Tensor reach = distance.to(ScalarType.Float64).cumsum(0);
            double total = reach[-1].item<double>();
            double at = Randomness.ToUnit(Randomness.Draw(seed, "k-means", i, 0)) * total;
            long next = total > 0 ? Math.Min(searchsorted(reach, tensor(at, ScalarType.Float64), right: true).item<long>(), points.shape[0] - 1) : first;
            chosen.Add(points[next].MoveToOuterDisposeScope());
            distance = minimum(distance, (points - chosen[^1]).square().sum(1)).MoveToOuterDisposeScope();
        }

        return stack(chosen).MoveToOuterDisposeScope();
    }
}
