using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Optimisation;

/// <summary>Adam with L2 decay inside the gradient, in torch.optim.Adam's arithmetic: betas .9 and .999, epsilon 1e-8.</summary>
/// <remarks>g += decay p; m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; p -= rate / (1 - b1^t) m / (sqrt(v / (1 - b2^t)) + eps).
/// Kingma and Ba, arXiv 1412.6980. A schedule that moves the momentum moves b1, also in 1 - b1^t, as in torch.</remarks>
internal sealed class Adam(IReadOnlyList<ParameterGroup> groups) : Optimizer(groups, ["exp_avg", "exp_avg_sq"], AdamPass.Reads)
{
    const double Beta1 = 0.9, Beta2 = 0.999, Epsilon = 1e-8;

    /// <inheritdoc/>
    private protected override void Update(Tensor value, Tensor gradient, IReadOnlyList<Tensor> state, long step, double rate, double decay, double? momentum) =>
        Move(value, gradient, state, step, rate, decay, 1, momentum);

    /// <summary>Moments and step, after p *= keep and g += l2 p.</summary>
    public static void Move(Tensor value, Tensor gradient, IReadOnlyList<Tensor> state, long step, double rate, double l2, double keep, double? momentum)
    {
        var beta1 = momentum ?? Beta1;
        var (mean, square) = (state[0], state[1]);
        var (scale, stepSize) = (Math.Sqrt(1 - Math.Pow(Beta2, step)), rate / (1 - Math.Pow(beta1, step)));
        if (AdamPass.Reads(value))
        {
            new AdamPass(l2, keep, beta1, Beta2, scale, stepSize, Epsilon).Apply(value, gradient, mean, square);
            return;
        }

        if (keep != 1) value.mul_(keep);
        var decayed = l2 == 0 ? gradient : gradient.add(value, l2);
        mean.mul_(beta1).add_(decayed, 1 - beta1);
        square.mul_(Beta2).addcmul_(decayed, decayed, 1 - Beta2);
        value.addcdiv_(mean, square.sqrt().div_(scale).add_(Epsilon), -stepSize);
    }
}
