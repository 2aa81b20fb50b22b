using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Optimisation;

/// <summary>Adam with decoupled decay, in torch.optim.AdamW's arithmetic: p *= 1 - rate decay, then Adam's step.</summary>
/// <remarks>Loshchilov and Hutter, arXiv 1711.05101; there decay is scaled by the schedule alone, here (as in torch) by the whole rate.</remarks>
internal sealed class AdamW(IReadOnlyList<ParameterGroup> groups) : Optimizer(groups, ["exp_avg", "exp_avg_sq"], AdamPass.Reads)
{
    /// <inheritdoc/>
    private protected override void Update(Tensor value, Tensor gradient, IReadOnlyList<Tensor> state, long step, double rate, double decay, double? momentum) =>
        Adam.Move(value, gradient, state, step, rate, 0, 1 - rate * decay, momentum);
}
