using TorchSharp.Modules;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.CommonSpace;

/// <summary>Convolution or linear map without bias, one parameter <c>weight</c>: W[out, in, k, k] on X[n, in, h, w] (stride 1, same
/// size), or, where the block is pooled, W[out, in] on X[n, in].</summary>
/// <remarks>Starts as PyTorch's convolutions do, kaiming_uniform(a = sqrt 5), that is uniform in +-1/sqrt(fan in). The weight is
/// cast to the dtype of what flows through, so a bfloat16 student meets a bfloat16 block over float32 weights.</remarks>
internal sealed class BiasFreeLayer : nn.Module<Tensor, Tensor>
{
    readonly Parameter weight;
    readonly long[] padding;

    /// <summary>Draws the weight; the module owns it.</summary>
    /// <param name="inputs">Channels in.</param>
    /// <param name="outputs">Channels out.</param>
    /// <param name="kernel">Side of the window, odd; null: linear.</param>
    /// <param name="source">Where the weight comes from.</param>
    public BiasFreeLayer(long inputs, long outputs, int? kernel, WeightSource source) : base(nameof(BiasFreeLayer))
    {
        long[] shape = kernel is int k ? [outputs, inputs, k, k] : [outputs, inputs];
        padding = kernel is int side ? [side / 2, side / 2] : [];
        weight = source.Draw(shape, fanIn: inputs * (kernel ?? 1) * (kernel ?? 1));
        RegisterComponents();
    }

    /// <summary>X[n, in, h, w] -> Y[n, out, h, w], or X[n, in] -> Y[n, out].</summary>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        Tensor kernel = weight.dtype == input.dtype ? weight : weight.to_type(input.dtype);
        var output = padding.Length == 0 ? nn.functional.linear(input, kernel) : nn.functional.conv2d(input, kernel, padding: padding);
        return output.MoveToOuterDisposeScope();
    }
}
