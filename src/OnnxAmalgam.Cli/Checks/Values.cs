using OnnxAmalgam.Teachers;
using static TorchSharp.torch;

namespace OnnxAmalgam.Cli.Checks;

/// <summary>A result in double, wherever it was computed.</summary>
internal sealed record Values(long[] Shape, double[] Elements)
{
    public static Values Of(TensorData data) => new(data.Shape, data.ToDoubles());

    public static Values Of(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        var plain = tensor.detach().cpu().to_type(ScalarType.Float64).contiguous();
        return new(tensor.shape, plain.numel() == 0 ? [] : plain.data<double>().ToArray());
    }
}
