using static TorchSharp.torch;

namespace OnnxAmalgam.Training.CommonSpace;

/// <summary>One block of the shared extractor: y = relu(conv2(relu(conv1 x)) + shortcut x), no bias, no normalisation; the shortcut is a
/// 1x1 projection where the widths differ, else the identity. Pooled: the same with linear maps.</summary>
internal sealed class ResidualBlock : nn.Module<Tensor, Tensor>
{
    readonly BiasFreeLayer _conv1;
    readonly BiasFreeLayer _conv2;
    readonly BiasFreeLayer? _shortcut;

    /// <summary>Draws the weights: conv1, conv2, shortcut.</summary>
    public ResidualBlock(int inputs, int outputs, bool pooled, WeightSource source) : base(nameof(ResidualBlock))
    {
        _conv1 = new(inputs, outputs, pooled ? null : 3, source);
        _conv2 = new(outputs, outputs, pooled ? null : 3, source);
        register_module("conv1", _conv1);
        register_module("conv2", _conv2);
        if (inputs == outputs) return;
        _shortcut = new(inputs, outputs, pooled ? null : 1, source);
        register_module("shortcut", _shortcut);
    }

    /// <summary>X[n, in, ...] -> Y[n, out, ...], not negative.</summary>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var inner = _conv2.forward(_conv1.forward(input).relu_());
        var sum = inner.add_(_shortcut is null ? input : _shortcut.forward(input));
        return sum.relu_().MoveToOuterDisposeScope();
    }
}
