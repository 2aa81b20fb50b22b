using System.Runtime.InteropServices;
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
        if (data.Type is TensorElementType.UInt16 or TensorElementType.UInt32 or TensorElementType.UInt64)
            return tensor(Held(name, data)).reshape(data.Shape);
        var result = empty(data.Shape, TypeOf(name, data.Type));
        if (data.Bytes.Length > 0)
            result.bytes = data.Bytes;
        return result;
    }

    /// <summary>Unsigned integers that libtorch lacks travel in int64.</summary>
    static long[] Held(string name, TensorData data)
    {
        long[] numbers = data.Type switch
        {
            TensorElementType.UInt16 => Array.ConvertAll(MemoryMarshal.Cast<byte, ushort>(data.Bytes).ToArray(), x => (long)x),
            TensorElementType.UInt32 => Array.ConvertAll(MemoryMarshal.Cast<byte, uint>(data.Bytes).ToArray(), x => (long)x),
            _ => MemoryMarshal.Cast<byte, long>(data.Bytes).ToArray(),
        };
        return Array.Exists(numbers, x => x < 0)
            ? throw new UnsupportedModelException($"input '{name}': expected numbers below 2^63", [new(name, "input", "expected numbers below 2^63")])
            : numbers;
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
