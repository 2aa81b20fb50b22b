using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxAmalgam.Teachers;
using OnnxAmalgam.Trainable;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace OnnxAmalgam.Cli.Checks;

/// <summary>Inputs in libtorch's memory. Owns them.</summary>
internal sealed class TorchFeed : IDisposable
{
    readonly Dictionary<string, Tensor> tensors;

    public TorchFeed(IReadOnlyDictionary<string, TensorData> inputs, TrainableGraph graph) =>
        tensors = graph.InputNames.ToDictionary(name => name, name => ToTorch(name, inputs[name]).DetachFromDisposeScope(), StringComparer.Ordinal);

    public IReadOnlyDictionary<string, Tensor> Tensors => tensors;

    /// <summary>Runs the graph in evaluation mode.</summary>
    public IReadOnlyList<Values> Evaluate(TrainableGraph graph, IReadOnlyList<string> outputs)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        graph.eval();
        return [.. graph.Run(tensors, outputs).Select(Values.Of)];
    }

    public void Dispose()
    {
        foreach (var tensor in tensors.Values)
            tensor.Dispose();
    }

    static Tensor ToTorch(string name, TensorData data)
    {
        var tensor = empty(data.Shape, TypeOf(name, data.Type));
        if (data.Bytes.Length > 0)
            tensor.bytes = data.Bytes;
        return tensor;
    }

    static ScalarType TypeOf(string name, TensorElementType type) => type switch
    {
        TensorElementType.Float => ScalarType.Float32,
        TensorElementType.Double => ScalarType.Float64,
        TensorElementType.Float16 => ScalarType.Float16,
        TensorElementType.BFloat16 => ScalarType.BFloat16,
        TensorElementType.Int64 => ScalarType.Int64,
        TensorElementType.Int32 => ScalarType.Int32,
        TensorElementType.Int16 => ScalarType.Int16,
        TensorElementType.Int8 => ScalarType.Int8,
        TensorElementType.UInt8 => ScalarType.Byte,
        TensorElementType.Bool => ScalarType.Bool,
        _ => throw new UnsupportedModelException($"input '{name}': expected a type that libtorch has, got {type}", [new(name, "input", $"expected a type that libtorch has, got {type}")]),
    };
}
