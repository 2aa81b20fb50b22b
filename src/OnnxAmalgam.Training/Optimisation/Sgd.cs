using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Optimisation;

/// <summary>Gradient descent with momentum, in torch.optim.SGD's arithmetic (no dampening, not Nesterov's).</summary>
/// <remarks>g += decay p; b = momentum b + g; p -= rate b.</remarks>
internal sealed class Sgd(IReadOnlyList<ParameterGroup> groups, double momentum) : Optimizer(groups, ["momentum_buffer"])
{
    readonly double usual = momentum;

    /// <inheritdoc/>
    private protected override void Update(Tensor value, Tensor gradient, IReadOnlyList<Tensor> state, long step, double rate, double decay, double? momentum)
    {
        var decayed = decay == 0 ? gradient : gradient.add(value, decay);
        value.add_(state[0].mul_(momentum ?? usual).add_(decayed), -rate);
    }
}
