using static TorchSharp.torch;

namespace OnnxAmalgam.Training.CommonSpace;

/// <summary>One teacher tap by <see cref="PhiS"/>: x' = W (x - mu) at each position, fitted once before training.</summary>
/// <remarks>State: <c>mean</c>, <c>rotation</c>.</remarks>
internal sealed class RotatedStandardiser : nn.Module<Tensor, Tensor>
{
    readonly Tensor mean;
    readonly Tensor rotation;

    /// <summary>Starts as the identity; the module owns its buffers.</summary>
    public RotatedStandardiser(int channels, Device device, ScalarType dtype) : base(nameof(RotatedStandardiser))
    {
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
        rotation.copy_(PhiS.Rotation(covariance));
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
