using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace OnnxAmalgam.Trainable.Tests;

/// <summary>ONNX Runtime on libtorch's tensors, optimisations off: what every kernel is compared with.</summary>
internal static class Ort
{
    /// <summary>Every output of the model, float tensors and integers alike, as CPU tensors.</summary>
    public static Tensor[] Run(byte[] model, IReadOnlyDictionary<string, Tensor> inputs)
    {
        using var options = new SessionOptions
        {
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL,
            IntraOpNumThreads = 1,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
        using var session = new InferenceSession(model, options);
        var feeds = inputs.Select(pair => Feed(pair.Key, pair.Value)).ToArray();
        using var results = session.Run(feeds);
        return [.. results.Select(ToTorch)];
    }

    static Tensor ToTorch(DisposableNamedOnnxValue value) => value.ElementType switch
    {
        TensorElementType.Float => Of(value.AsTensor<float>()),
        TensorElementType.Double => Of(value.AsTensor<double>()),
        TensorElementType.Int64 => Of(value.AsTensor<long>()),
        TensorElementType.Int32 => Of(value.AsTensor<int>()),
        TensorElementType.Bool => Of(value.AsTensor<bool>()),
        TensorElementType.UInt8 => Of(value.AsTensor<byte>()),
        TensorElementType.Float16 => Of(value.AsTensor<Float16>().ToArray().Select(half => (float)half).ToArray(), value.AsTensor<Float16>().Dimensions),
        var type => throw new NotSupportedException($"{type}"),
    };

    static Tensor Of<T>(Microsoft.ML.OnnxRuntime.Tensors.Tensor<T> tensor) where T : unmanaged => Of(tensor.ToArray(), tensor.Dimensions);

    static Tensor Of<T>(T[] values, ReadOnlySpan<int> dimensions) where T : unmanaged
    {
        long[] shape = [.. dimensions.ToArray().Select(size => (long)size)];
        using var flat = from_array(values);
        return flat.reshape(shape).clone();
    }

    static NamedOnnxValue Feed(string name, Tensor tensor)
    {
        int[] shape = [.. tensor.shape.Select(size => (int)size)];
        using var plain = tensor.detach().cpu().contiguous();
        return tensor.dtype switch
        {
            ScalarType.Float32 => NamedOnnxValue.CreateFromTensor(name, new DenseTensor<float>(plain.data<float>().ToArray(), shape)),
            ScalarType.Float64 => NamedOnnxValue.CreateFromTensor(name, new DenseTensor<double>(plain.data<double>().ToArray(), shape)),
            ScalarType.Int64 => NamedOnnxValue.CreateFromTensor(name, new DenseTensor<long>(plain.data<long>().ToArray(), shape)),
            ScalarType.Int32 => NamedOnnxValue.CreateFromTensor(name, new DenseTensor<int>(plain.data<int>().ToArray(), shape)),
            ScalarType.Bool => NamedOnnxValue.CreateFromTensor(name, new DenseTensor<bool>(plain.data<bool>().ToArray(), shape)),
            ScalarType.Byte => NamedOnnxValue.CreateFromTensor(name, new DenseTensor<byte>(plain.data<byte>().ToArray(), shape)),
            var type => throw new NotSupportedException($"{type}"),
        };
    }
}
