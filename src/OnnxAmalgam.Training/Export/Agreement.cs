using Onnx;
using OnnxAmalgam.Graphs;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Export;

/// <summary>How closely two computations of the same scores agree.</summary>
/// <param name="MaxDifference">max|a - b| / max|b| (absolute where max|b| is under 1e-6).</param>
/// <param name="Images">Number of images compared.</param>
/// <param name="Flips">Images whose arg max differs although b's two best scores are further apart than the difference allowed.</param>
/// <param name="Tolerance">Largest difference that passes.</param>
public sealed record Agreement(double MaxDifference, int Images, int Flips, double Tolerance)
{
    /// <summary>Largest difference that passes for a model: 1e-4, or 1e-2 where its weights are stored in half precision, which rounds
    /// what was trained in single.</summary>
    public static double ToleranceOf(OnnxModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return model.Proto.Graph.Initializer.Any(tensor => (TensorProto.Types.DataType)tensor.DataType is TensorProto.Types.DataType.Float16 or TensorProto.Types.DataType.Bfloat16) ? HalfTolerance : 1e-4;
    }

    /// <summary>Largest difference that passes in half precision.</summary>
    internal const double HalfTolerance = 1e-2;

    /// <summary>Largest difference that passes between two runs of one graph of integers, of which either may round a sum to the next one.</summary>
    internal const double IntegerTolerance = 5e-2;

    /// <summary>What is worst of two comparisons with one reference.</summary>
    internal static Agreement Worse(Agreement a, Agreement b) => a with { MaxDifference = Math.Max(a.MaxDifference, b.MaxDifference), Flips = Math.Max(a.Flips, b.Flips) };

    /// <summary>Whether the two may be called the same function.</summary>
    public bool Passes => MaxDifference <= Tolerance && Flips == 0;

    /// <summary>Compares A[n, classes] with the reference B[n, classes]; both on the CPU.</summary>
    public static Agreement Between(Tensor a, Tensor b, double tolerance)
    {
        using var scope = NewDisposeScope();
        Tensor x = a.to(ScalarType.Float64), y = b.to(ScalarType.Float64);
        var (difference, scale) = Difference(x, y);
        if (!double.IsFinite(difference))
        {
            return new Agreement(double.PositiveInfinity, (int)a.shape[0], (int)a.shape[0], tolerance);
        }

        if (y.shape[1] < 2)
        {
            return new Agreement(difference, (int)a.shape[0], 0, tolerance);
        }

        var (best, _) = y.topk(2, dim: 1);
        Tensor margin = best.select(1, 0) - best.select(1, 1);
        Tensor flipped = x.argmax(1).ne(y.argmax(1)).logical_and(margin.gt(tolerance * scale));
        return new Agreement(difference, (int)a.shape[0], (int)flipped.sum().item<long>(), tolerance);
    }

    /// <summary>What is worst of several values and their references: scores first, then others of any shape, which decide nothing.</summary>
    internal static Agreement Between(IReadOnlyList<Tensor> a, IReadOnlyList<Tensor> b, double tolerance)
    {
        using var scope = NewDisposeScope();
        Agreement scores = Between(a[0], b[0], tolerance);
        double[] others = [.. a.Zip(b, (x, y) => Difference(x.to(ScalarType.Float64), y.to(ScalarType.Float64)).Difference).Skip(1)];
        return others.Aggregate(scores, (worst, difference) => worst with { MaxDifference = double.IsFinite(difference) ? Math.Max(worst.MaxDifference, difference) : double.PositiveInfinity });
    }

    /// <summary>max|x - y| over max|y|, and that (1 where it is under 1e-6).</summary>
    static (double Difference, double Scale) Difference(Tensor x, Tensor y)
    {
        double largest = y.abs().max().item<double>(), scale = largest < 1e-6 ? 1 : largest;
        return ((x - y).abs().max().item<double>() / scale, scale);
    }
}
