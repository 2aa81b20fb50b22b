using static TorchSharp.torch;

namespace OnnxAmalgam.Training.CommonSpace;

/// <summary>One rotation and one factor that give every channel of a feature mean 0 and variance 1.</summary>
/// <remarks>
/// With mean mu and covariance U diag(lambda) U^T: phi = sqrt(mean lambda), W = H U^T / phi, x' = W (x - mu), H orthonormal with entries
/// of one size (Hadamard): every channel of x' then holds the same share of all variance. Unlike whitening it is isotropic, so that weak
/// directions, which are noise, are not blown up; its inverse is phi^2 W^T.
/// Ranzinger et al., <i>PHI-S: Distribution Balancing for Label-Free Multi-Teacher Distillation</i>, ICLR 2025 (arXiv 2410.01680).
/// Where no Hadamard matrix of this size is at hand, H is the Q of a random one and variances are 1 only nearly; see <see cref="Hadamard"/>.
/// </remarks>
internal static class PhiS
{
    const double Smallest = 1e-12;

    /// <summary>Covariance S[c, c] in double -> W[c, c]; the caller owns it.</summary>
    public static Tensor Rotation(Tensor covariance)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var (values, vectors) = linalg.eigh(covariance);
        var scale = values.clamp_min(0).mean().clamp_min(Smallest).sqrt();
        return (Hadamard.Orthonormal((int)covariance.shape[0]).matmul(vectors.t()) / scale).MoveToOuterDisposeScope();
    }
}
