using System.Runtime.InteropServices;
using Onnx;
using OnnxAmalgam.Graphs;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Gates;

/// <summary>A teacher's batch normalisations: what they remember of the images that it was trained on.</summary>
/// <param name="Values">What each normalises, a tap.</param>
/// <param name="Means">Running means, one list a normalisation.</param>
/// <param name="Variances">Running variances.</param>
internal sealed record NormalisationStatistics(IReadOnlyList<string> Values, IReadOnlyList<float[]> Means, IReadOnlyList<float[]> Variances)
{
    const double Epsilon = 1e-5;

    /// <summary>Those whose statistics lie in the file and whose input depends on the image; none where the exporter folded them away.</summary>
    public static NormalisationStatistics Of(OnnxModel model)
    {
        var view = new GraphView(model.Proto.Graph);
        var tappable = Anatomy.Taps(model).Where(t => t.Kind == TapKind.Spatial && t.ChannelAxis == 1).Select(t => t.Value).ToHashSet(StringComparer.Ordinal);
        var found = model.Proto.Graph.Node
            .Where(n => n.OpType == "BatchNormalization" && n.Input.Count == 5 && tappable.Contains(n.Input[0]))
            .Select(n => (Value: n.Input[0], Mean: Floats(model, view.Initializer(n.Input[3])), Variance: Floats(model, view.Initializer(n.Input[4]))))
            .Where(n => n is { Mean: not null, Variance: not null })
            .DistinctBy(n => n.Value, StringComparer.Ordinal)
            .ToArray();
        return new([.. found.Select(n => n.Value)], [.. found.Select(n => n.Mean!)], [.. found.Select(n => n.Variance!)]);
    }

    /// <summary>How near each image is to what the normalisations expect: minus the log of the mean over layers and channels of
    /// (mean over positions - running mean)^2 / running variance, S[n].</summary>
    /// <param name="features">The normalisations' inputs, F[n, c, h, w] each.</param>
    public Tensor Nearness(IReadOnlyList<Tensor> features)
    {
        using var scope = NewDisposeScope();
        Tensor[] distances = [.. features.Select((f, i) => ((f.mean([2, 3]) - tensor(Means[i])).square() / (tensor(Variances[i]) + Epsilon)).mean([1]))];
        return stack(distances).mean([0]).clamp_min(1e-12).log().neg().MoveToOuterDisposeScope();
    }

    static float[]? Floats(OnnxModel model, TensorProto? initializer) =>
        initializer is { DataType: (int)TensorProto.Types.DataType.Float } ? MemoryMarshal.Cast<byte, float>(model.ReadRaw(initializer)).ToArray() : null;
}
