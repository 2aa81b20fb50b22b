using static TorchSharp.torch;

namespace OnnxAmalgam.Training.CommonSpace;

/// <summary>Rebuilds one teacher's tap from the common space: conv1 3x3, relu, conv2 1x1, no bias, nothing after it. Pooled: linear maps.</summary>
internal sealed class FeatureDecoder : nn.Module<Tensor, Tensor>
{
    readonly BiasFreeLayer conv1;
    readonly BiasFreeLayer conv2;

    /// <summary>Draws the weights: conv1, conv2.</summary>
    public FeatureDecoder(int common, int channels, bool pooled, WeightSource source) : base(nameof(FeatureDecoder))
    {
        conv1 = new(common, channels, pooled ? null : 3, source);
        conv2 = new(channels, channels, pooled ? null : 1, source);
        RegisterComponents();
    }

    /// <summary>H[n, common, ...] -> F[n, channels, ...].</summary>
    public override Tensor forward(Tensor common)
    {
        using var scope = NewDisposeScope();
        return conv2.forward(conv1.forward(common).relu_()).MoveToOuterDisposeScope();
    }
}
