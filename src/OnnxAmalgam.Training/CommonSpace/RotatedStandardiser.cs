using static TorchSharp.torch;

namespace OnnxAmalgam.Training.CommonSpace;

/// <summary>One teacher tap by x' = W (x - mu) at each position, fitted once before training: <see cref="PhiS"/>, or each channel divided by its
/// own deviation.</summary>
/// <remarks>State: <c>mean</c>, <c>rotation</c>.</remarks>
internal sealed class RotatedStandardiser : nn.Module<Tensor, Tensor>
{
    const double Epsilon = 1e-6;
    readonly bool rotates;
    readonly Tensor mean;
    readonly Tensor rotation;

    /// <summary>Starts as the identity; the module owns its buffers.</summary>
    /// <param name="channels">Width of the feature.</param>
    /// <param name="device">Where its buffers lie.</param>
    /// <param name="dtype">Their element type.</param>
    /// <param name="rotates">Whether W is PHI-S, and not diagonal.</param>
    public RotatedStandardiser(int channels, Device device, ScalarType dtype, bool rotates = true) : base(nameof(RotatedStandardiser))
    {
        this.rotates = rotates;
        mean = zeros(channels, dtype, device).DetachFromDisposeScope();
        rotation = eye(channels, dtype: dtype, device: device).DetachFromDisposeScope();
        RegisterComponents();
    }

    /// <summary>Width of the feature.</summary>
    public int Channels => (int)mean.shape[0];

    /// <summary>Takes over mean and rotation of features seen so far.</summary>
    public void Fit(ChannelMoments moments)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var (centre, covariance) = moments.Result();
        mean.copy_(centre);
        rotation.copy_(rotates ? PhiS.Rotation(covariance) : (covariance.diagonal().clamp_min(0) + Epsilon).rsqrt().diag());
    }

    /// <summary>F[n, c, ...] -> rotated F of the same shape; no gradient flows.</summary>
    public override Tensor forward(Tensor input)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var rows = input.to_type(mean.dtype).movedim([1], [-1]) - mean;
        return rows.matmul(rotation.t()).movedim([-1], [1]).to_type(input.dtype).MoveToOuterDisposeScope();
    }
}
