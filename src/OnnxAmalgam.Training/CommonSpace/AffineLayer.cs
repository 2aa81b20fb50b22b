using TorchSharp.Modules;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.CommonSpace;

/// <summary>A 1x1 convolution with bias on X[n, in, h, w], or the same as a linear map on X[n, in].</summary>
/// <remarks>Starts as PyTorch's layers do: weight and bias uniform in +-1/sqrt(in). Both are cast to the dtype of what flows through.</remarks>
internal sealed class AffineLayer : nn.Module<Tensor, Tensor>
{
    readonly Parameter weight;
    readonly Parameter bias;

    /// <summary>Draws weight and bias; the module owns them.</summary>
    public AffineLayer(long inputs, long outputs, bool pooled, WeightSource source) : base(nameof(AffineLayer))
    {
        weight = source.Draw(pooled ? [outputs, inputs] : [outputs, inputs, 1, 1], fanIn: inputs);
        bias = source.Draw([outputs], fanIn: inputs);
        RegisterComponents();
    }

    /// <summary>X[n, in, ...] -> Y[n, out, ...].</summary>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var (w, b) = weight.dtype == input.dtype ? (weight, (Tensor)bias) : (weight.to_type(input.dtype), bias.to_type(input.dtype));
        return (input.dim() == 2 ? nn.functional.linear(input, w, b) : nn.functional.conv2d(input, w, b)).MoveToOuterDisposeScope();
    }
}
