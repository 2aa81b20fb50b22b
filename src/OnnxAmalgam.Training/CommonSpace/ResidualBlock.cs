using static TorchSharp.torch;

namespace OnnxAmalgam.Training.CommonSpace;

/// <summary>One block of the shared extractor: y = relu(conv2(relu(conv1 x)) + shortcut x), no bias, no normalisation; the shortcut is a
/// 1x1 projection where the widths differ, else the identity. Pooled: the same with linear maps.</summary>
internal sealed class ResidualBlock : nn.Module<Tensor, Tensor>
{
    readonly BiasFreeLayer conv1;
    readonly BiasFreeLayer conv2;
    readonly BiasFreeLayer? shortcut;

    /// <summary>Draws the weights: conv1, conv2, shortcut.</summary>
    public ResidualBlock(int inputs, int outputs, bool pooled, WeightSource source) : base(nameof(ResidualBlock))
    {
        conv1 = new(inputs, outputs, pooled ? null : 3, source);
        conv2 = new(outputs, outputs, pooled ? null : 3, source);
        shortcut = inputs == outputs ? null : new(inputs, outputs, pooled ? null : 1, source);
        RegisterComponents();
    }

    /// <summary>X[n, in, ...] -> Y[n, out, ...], not negative.</summary>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var inner = conv2.forward(conv1.forward(input).relu_());
        var sum = inner.add_(shortcut is null ? input : shortcut.forward(input));
        return sum.relu_().MoveToOuterDisposeScope();
    }
}
