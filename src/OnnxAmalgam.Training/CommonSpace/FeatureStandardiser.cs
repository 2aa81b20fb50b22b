using static TorchSharp.torch;

namespace OnnxAmalgam.Training.CommonSpace;

/// <summary>Per-channel standardisation of one teacher tap by running statistics: (F - mean) / sqrt(variance + 1e-6).</summary>
/// <remarks>While training, each batch first updates the statistics with its own mean b and variance w: v &lt;- v + a (w + (1 - a) (b - m)^2 - v), which is the
/// variance of the weighted average so far without a difference of large squares, then m &lt;- m + a (b - m), with
/// a = 1/t at batch t until t = 100 (the plain average so far), 1/100 after that. Not part of the published method, whose squared errors
/// grow with a teacher's activations, so that the teacher of largest scale dominates reconstruction. UNIC (ECCV 2024, arXiv 2408.05088) standardises by the
/// statistics before this batch, and lets the share of a batch fall along a cosine. State: <c>mean</c>, <c>variance</c>,
/// <c>batches</c>.</remarks>
internal sealed class FeatureStandardiser : nn.Module<Tensor, Tensor>
{
    const double Epsilon = 1e-6;
    const double Window = 100;
    readonly Tensor mean;
    readonly Tensor variance;
    readonly Tensor batches;

    /// <summary>Starts without statistics; the module owns its buffers.</summary>
    public FeatureStandardiser(int channels, Device device, ScalarType dtype) : base(nameof(FeatureStandardiser))
    {
        mean = zeros(channels, dtype, device).DetachFromDisposeScope();
        variance = ones(channels, dtype, device).DetachFromDisposeScope();
        batches = zeros([], dtype, device).DetachFromDisposeScope();
        RegisterComponents();
    }

    /// <summary>F[n, c, ...] -> standardised F of the same shape; no gradient flows.</summary>
    public override Tensor forward(Tensor input)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var feature = input.to_type(mean.dtype);
        if (training) Update(feature.transpose(0, 1).flatten(1));
        long[] perChannel = [1, -1, .. Enumerable.Repeat(1L, (int)input.dim() - 2)];
        var scale = (variance + Epsilon).rsqrt_();
        var result = (feature - mean.view(perChannel)).mul_(scale.view(perChannel));
        return result.to_type(input.dtype).MoveToOuterDisposeScope();
    }

    void Update(Tensor channels)
    {
        batches.add_(1);
        var share = batches.clamp(max: Window).reciprocal();
        var step = channels.mean([1]) - mean;
        variance.add_((channels.var([1], unbiased: false) + step.square() * (1 - share) - variance).mul_(share));
        mean.add_(step.mul_(share));
    }
}
