using OnnxAmalgam.Training.Data;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Ensemble;

/// <summary>What is known of each image of a set beside its pixels: whose image it is, and its class. Owns its tables, on the run's device.</summary>
sealed class ImageTargets : IDisposable
{
    readonly Tensor? weights;
    readonly Tensor labels;
    readonly Tensor classes;

    /// <summary>Reads domains and labels of a set.</summary>
    /// <param name="setup">Union, teachers, recipe.</param>
    /// <param name="images">The set.</param>
    /// <param name="domains">Whether its sources are the recipe's unlabelled ones, whose domains count.</param>
    public ImageTargets(AmalgamationSetup setup, ImageSet images, bool domains = true)
    {
        using var scope = NewDisposeScope();
        Device device = TorchMemory.Device(setup.Compute.Device);
        if (domains && setup.Gate is { } gate)
        {
            weights = tensor(gate.Of(images), [images.Count, setup.Teachers.Count]).to(device).DetachFromDisposeScope();
        }

        labels = Table(setup.Union.LabelIndex);
        classes = Table(setup.Union.ClassIndex);
        Labelled = Enumerable.Range(0, images.Count).Count(i => images.LabelOf(i) is { } label && setup.Union.ClassIndex(label) >= 0);

        Tensor Table(Func<string, int> index)
        {
            long[] values = [.. Enumerable.Range(0, images.Count).Select(i => images.LabelOf(i) is { } label ? index(label) : -1L)];
            return tensor(values, ScalarType.Int64).to(device).DetachFromDisposeScope();
        }
    }

    /// <summary>How many images have a class of the union.</summary>
    public int Labelled { get; }

    /// <summary>W[n, teachers] of all images, the table itself; null when a source does not name its domain.</summary>
    public Tensor? Table => weights;

    /// <summary>W[n, teachers] of these images (rows sum to 1, or to 0 for nobody's images); null when a source does not name its domain.</summary>
    public Tensor? Weights(Tensor indices) => weights?.index_select(0, indices);

    /// <summary>Y[n], index into the union's labels of these images' true class (the first where several mean it), -1 for none.</summary>
    public Tensor Labels(Tensor indices) => labels.index_select(0, indices);

    /// <summary>Y[n], index into the union's classes, -1 for none.</summary>
    public Tensor Classes(Tensor indices) => classes.index_select(0, indices);

    /// <inheritdoc/>
    public void Dispose()
    {
        weights?.Dispose();
        labels.Dispose();
        classes.Dispose();
    }
}
