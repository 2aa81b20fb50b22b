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
        using var options = Options();
        using var session = new InferenceSession(model, options);
        return Run(session, inputs);
    }

    /// <summary>The same of a file, which may have external data.</summary>
    public static Tensor[] Run(string file, IReadOnlyDictionary<string, Tensor> inputs)
    {
        using var options = Options();
        using var session = new InferenceSession(file, options);
        return Run(session, inputs);
    }

    static SessionOptions Options() => new()
    {
        GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL,
        IntraOpNumThreads = 1,
        LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
    };

    /// <summary>Outputs that are no tensors (a ZipMap's maps) are passed over.</summary>
    static Tensor[] Run(InferenceSession session, IReadOnlyDictionary<string, Tensor> inputs)
    {
        var feeds = inputs.Select(pair => Feed(pair.Key, pair.Value)).ToArray();
        using var results = session.Run(feeds);
        return [.. results.Where(value => value.ValueType == OnnxValueType.ONNX_TYPE_TENSOR && value.ElementType != TensorElementType.String).Select(ToTorch)];
    }

    static Tensor ToTorch(DisposableNamedOnnxValue value) => value.ElementType switch
    {
        TensorElementType.Float => Of(value.AsTensor<float>()),
        TensorElementType.Double => Of(value.AsTensor<double>()),
        TensorElementType.Int64 => Of(value.AsTensor<long>()),
        TensorElementType.Int32 => Of(value.AsTensor<int>()),
        TensorElementType.Bool => Of(value.AsTensor<bool>()),
        TensorElementType.UInt8 => Of(value.AsTensor<byte>()),
        TensorElementType.Int8 => Of(value.AsTensor<sbyte>()),
        TensorElementType.Int16 => Of(value.AsTensor<short>()),
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
            ScalarType.Float32 => Feed<float>(name, plain, shape),
            ScalarType.Float64 => Feed<double>(name, plain, shape),
            ScalarType.Int64 => Feed<long>(name, plain, shape),
            ScalarType.Int32 => Feed<int>(name, plain, shape),
            ScalarType.Bool => Feed<bool>(name, plain, shape),
            ScalarType.Float16 => Feed16(name, plain, shape),
            ScalarType.Int8 => Feed<sbyte>(name, plain, shape),
            ScalarType.Int16 => Feed<short>(name, plain, shape),
            ScalarType.Byte => Feed<byte>(name, plain, shape),
            var type => throw new NotSupportedException($"{type}"),
        };
    }

    static NamedOnnxValue Feed16(string name, Tensor plain, int[] shape)
    {
        using var wide = plain.to_type(ScalarType.Float32);
        return NamedOnnxValue.CreateFromTensor(name, new DenseTensor<Float16>(Array.ConvertAll(wide.data<float>().ToArray(), value => (Float16)value), shape));
    }

    static NamedOnnxValue Feed<T>(string name, Tensor plain, int[] shape) where T : unmanaged =>
        NamedOnnxValue.CreateFromTensor(name, new DenseTensor<T>(plain.numel() == 0 ? [] : plain.data<T>().ToArray(), shape));
}
