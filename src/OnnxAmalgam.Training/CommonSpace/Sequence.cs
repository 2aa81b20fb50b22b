using TorchSharp.Modules;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.CommonSpace;

/// <summary>Layers one after the other; what lies between two is freed.</summary>
internal sealed class Sequence : nn.Module<Tensor, Tensor>
{
    readonly ModuleList<nn.Module<Tensor, Tensor>> layers;

    /// <summary>Takes the layers over; null: nothing there.</summary>
    public Sequence(params IEnumerable<nn.Module<Tensor, Tensor>?> layers) : base(nameof(Sequence))
    {
        this.layers = new([.. layers.OfType<nn.Module<Tensor, Tensor>>()]);
        RegisterComponents();
    }

    /// <summary>X -> the last layer's output.</summary>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var output = input;
        foreach (var layer in layers) output = layer.forward(output);
        return (ReferenceEquals(output, input) ? output.alias() : output).MoveToOuterDisposeScope();
    }
}

/// <summary>max(x, 0).</summary>
internal sealed class Rectifier() : nn.Module<Tensor, Tensor>(nameof(Rectifier))
{
    /// <inheritdoc/>
    public override Tensor forward(Tensor input) => input.relu();
}

/// <summary>x Phi(x).</summary>
internal sealed class GaussianUnit() : nn.Module<Tensor, Tensor>(nameof(GaussianUnit))
{
    /// <inheritdoc/>
    public override Tensor forward(Tensor input) => nn.functional.gelu(input);
}
