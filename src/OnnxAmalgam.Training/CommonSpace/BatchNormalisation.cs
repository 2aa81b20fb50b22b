using TorchSharp.Modules;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.CommonSpace;

/// <summary>Batch normalisation by the batch's own statistics, with scale and offset a channel; no running statistics, for maps that are
/// discarded after training.</summary>
internal sealed class BatchNormalisation : nn.Module<Tensor, Tensor>
{
    readonly Parameter weight;
    readonly Parameter bias;

    /// <summary>Scale 1 and offset 0; the module owns them.</summary>
    public BatchNormalisation(int channels, WeightSource source) : base(nameof(BatchNormalisation))
    {
        weight = source.Fill([channels], 1);
        bias = source.Fill([channels], 0);
        RegisterComponents();
    }

    /// <summary>X[n, c, ...] -> Y of the same shape. One value a channel has no variance: it is only scaled and shifted.</summary>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var output = input.numel() == input.shape[1]
            ? input * Of(weight, input) + Of(bias, input)
            : nn.functional.batch_norm(input, null!, null!, weight.to_type(input.dtype), bias.to_type(input.dtype), training: true);
        return output.MoveToOuterDisposeScope();
    }

    static Tensor Of(Tensor channels, Tensor input) => channels.to_type(input.dtype).view([1, -1, .. Enumerable.Repeat(1L, (int)input.dim() - 2)]);
}
