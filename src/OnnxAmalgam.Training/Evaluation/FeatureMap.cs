using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Evaluation;

/// <summary>An image in the plane.</summary>
/// <param name="Label">Its class; null: not known.</param>
/// <param name="X">Along the first principal axis, in units of that axis' standard deviation.</param>
/// <param name="Y">Along the second.</param>
public sealed record MapPoint(string? Label, double X, double Y);

/// <summary>A student's features of images, flattened onto their two principal axes: what it holds for alike lies close together, though not all that lies
/// close is alike.</summary>
public sealed class FeatureMap
{
    const int BatchSize = 128;

    FeatureMap(IReadOnlyList<MapPoint> points, double share) => (Points, Share) = (points, share);

    /// <summary>A point an image.</summary>
    public IReadOnlyList<MapPoint> Points { get; }

    /// <summary>Share of the features' variance that lies in the plane, 0..1.</summary>
    public double Share { get; }

    /// <summary>Runs a student file over some of the images, evenly spread.</summary>
    /// <param name="images">The images.</param>
    /// <param name="student">A deployable student.</param>
    /// <param name="compute">Where it runs.</param>
    /// <param name="most">Most images.</param>
    /// <exception cref="Graphs.InputException">The file cannot be opened, or has no value to tap.</exception>
    public static FeatureMap Of(ImageSet images, string student, ComputeOptions compute, int most)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(compute);
        ImageSet some = images.Spread(most);
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var model = Teacher.Open(new TeacherRecipe { Name = "student", Model = student }, withTaps: true, compute.Session);
        var rows = new List<Tensor>();
        foreach (ImageBatch batch in BatchLoader.InOrder(some, BatchSize))
        {
            using var inner = NewDisposeScope();
            Tensor tap = model.Run(BatchTensors.Canvas(batch, some), i => some.NameOf(batch.Indices[i])).Taps[0];
            rows.Add(model.TapShapes[0].Pool(tap).to_type(ScalarType.Float64).MoveToOuterDisposeScope());
        }

        var (plane, share) = Flat(cat(rows, 0));
        double[] places = plane.contiguous().data<double>().ToArray();
        return new([.. Enumerable.Range(0, some.Count).Select(i => new MapPoint(some.LabelOf(i), places[2 * i], places[(2 * i) + 1]))], share);
    }

    /// <summary>F[n, c] -> P[n, 2] of variance 1, and the share of variance in it. The largest entry of an axis is positive, so that equal features give equal maps.</summary>
    internal static (Tensor Plane, double Share) Flat(Tensor features)
    {
        Tensor centred = features - features.mean([0]);
        bool isWide = features.shape[1] > features.shape[0];
        // Of wide features the products of images have the same values, and the axes are F' of their vectors.
        var (values, vectors) = linalg.eigh(isWide ? centred.mm(centred.t()) : centred.t().mm(centred));
        int width = (int)Math.Min(2, values.shape[0]);
        Tensor axes = vectors.narrow(1, values.shape[0] - width, width).flip([1]);
        axes = isWide ? centred.t().mm(axes) : axes;
        Tensor signs = axes.gather(0, axes.abs().argmax(0, keepdim: true)).sign();
        Tensor plane = centred.mm(axes * signs);
        plane /= plane.square().mean([0]).sqrt().clamp_min(1e-12);
        double all = values.sum().item<double>();
        double share = all > 0 ? values.narrow(0, values.shape[0] - width, width).sum().item<double>() / all : 1;
        return (width == 2 ? plane : cat([plane, zeros_like(plane)], 1), share);
    }
}
