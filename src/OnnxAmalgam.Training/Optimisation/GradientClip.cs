using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Optimisation;

/// <summary>Scales all gradients so that their common norm is at most a bound.</summary>
internal static class GradientClip
{
    /// <summary>g *= min(1, maxNorm / (norm + 1e-6)), as torch.nn.utils.clip_grad_norm_; without waiting for the device.</summary>
    /// <param name="parameters">Whose gradients; those without one are left out.</param>
    /// <param name="maxNorm">The bound, positive.</param>
    /// <returns>The norm before clipping, a scalar on the device that the caller owns; null without any gradient.</returns>
    public static Tensor? ByGlobalNorm(IEnumerable<NamedParameter> parameters, double maxNorm)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var gradients = parameters.Select(p => p.Value.grad).OfType<Tensor>().ToArray();
        if (gradients.Length == 0) return null;
        var norm = stack(gradients.Select(g => g.norm()).ToArray()).norm();
        var factor = (norm + 1e-6).reciprocal().mul_(maxNorm).clamp_(max: 1);
        foreach (var gradient in gradients) gradient.mul_(factor);
        return norm.MoveToOuterDisposeScope();
    }
}
