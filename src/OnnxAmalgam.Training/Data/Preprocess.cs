using OnnxAmalgam.Graphs.Metadata;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Data;

/// <summary>Canvas bytes to what one model wants: channels, size, scale, mean, std, order, layout, dtype.</summary>
public sealed class Preprocess(InputDescription input)
{
    /// <summary>The description followed.</summary>
    public InputDescription Input { get; } = input;

    /// <summary>Byte canvas X[n, c, h, w] -> the model's input (new tensor, owned by the caller).</summary>
    public Tensor Apply(Tensor canvas) => throw new NotImplementedException();
}
