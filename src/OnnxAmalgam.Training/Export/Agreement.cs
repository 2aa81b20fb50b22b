using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Export;

/// <summary>How closely two computations of the same scores agree.</summary>
/// <param name="MaxDifference">max|a - b| / max|b| (absolute where max|b| is under 1e-6).</param>
/// <param name="Images">Number of images compared.</param>
/// <param name="Flips">Images whose arg max differs although b's two best scores are further apart than the difference allowed.</param>
public sealed record Agreement(double MaxDifference, int Images, int Flips)
{
    /// <summary>Largest difference that passes in fp32.</summary>
    public const double Tolerance = 1e-4;

    /// <summary>Whether the two may be called the same function.</summary>
    public bool Passes => MaxDifference <= Tolerance && Flips == 0;

    /// <summary>Compares A[n, classes] with the reference B[n, classes]; both on the CPU.</summary>
    public static Agreement Between(Tensor a, Tensor b)
    {
        using var scope = NewDisposeScope();
        Tensor x = a.to(ScalarType.Float64), y = b.to(ScalarType.Float64);
        double scale = y.abs().max().item<double>();
        double difference = (x - y).abs().max().item<double>() / (scale < 1e-6 ? 1 : scale);
        if (!double.IsFinite(difference))
        {
            return new Agreement(double.PositiveInfinity, (int)a.shape[0], (int)a.shape[0]);
        }

        if (y.shape[1] < 2)
        {
            return new Agreement(difference, (int)a.shape[0], 0);
        }

        var (best, _) = y.topk(2, dim: 1);
        Tensor margin = best.select(1, 0) - best.select(1, 1);
        Tensor flipped = x.argmax(1).ne(y.argmax(1)).logical_and(margin.gt(Tolerance * (scale < 1e-6 ? 1 : scale)));
        return new Agreement(difference, (int)a.shape[0], (int)flipped.sum().item<long>());
    }
}
