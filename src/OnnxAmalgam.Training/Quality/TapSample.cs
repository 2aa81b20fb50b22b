using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.CommonSpace;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Quality;

/// <summary>A tap's features of a set of images, batch by batch. Owns its tensors, which lie on the CPU.</summary>
internal sealed class TapSample(TapShape shape) : IDisposable
{
    readonly List<Tensor> pooled = [];
    readonly List<Tensor> silent = [];
    long images;

    /// <summary>Takes a batch's feature in, as the graph lays it out.</summary>
    public void Add(Tensor tap)
    {
        using var scope = NewDisposeScope();
        Tensor positions = (shape.Kind == TapKind.Pooled ? tap : tap.movedim([shape.Axis], [1])).cpu().flatten(1).reshape(tap.shape[0], shape.Channels, -1);
        pooled.Add(positions.mean([2]).DetachFromDisposeScope());
        silent.Add((positions <= 0).to_type(ScalarType.Float64).mean([2]).sum([0]).DetachFromDisposeScope());
        images += tap.shape[0];
    }

    /// <summary>F[n, c], averaged over positions; the caller owns it.</summary>
    public Tensor Features() => cat(pooled, 0);

    /// <summary>S[c]: the share of images and positions where each unit is not above zero; the caller owns it.</summary>
    public Tensor Sparsity()
    {
        using var scope = NewDisposeScope();
        return (stack(silent, 0).sum([0]) / images).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor tensor in pooled.Concat(silent))
        {
            tensor.Dispose();
        }
    }
}
