using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxAmalgam.Teachers;
using TorchSharp;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace OnnxAmalgam.Training.Ensemble;

/// <summary>Torch tensors as views that ONNX Runtime reads and writes in place. The one place where the two libraries' memory meets.</summary>
static class TorchMemory
{
    /// <summary>A view of a contiguous tensor; the tensor must stay alive while the view is used.</summary>
    public static TensorView View(Tensor tensor)
    {
        if (!tensor.is_contiguous())
        {
            throw new ArgumentException("a view needs a contiguous tensor", nameof(tensor));
        }

        var device = tensor.device_type == DeviceType.CUDA ? new ComputeDevice(true, Math.Max(0, tensor.device_index)) : ComputeDevice.Cpu;
        return new TensorView(Pointer(tensor), ElementType(tensor.dtype), tensor.shape, device);
    }

    /// <summary>Uninitialised tensors beside the pixels for what a network makes of them.</summary>
    public static Tensor[] Outputs(FrozenModel session, Tensor pixels) =>
        [.. session.OutputShapes(pixels.shape).Zip(session.Outputs, (shape, output) => empty(shape, Dtype(output.Type), pixels.device))];

    /// <summary>What a network makes of pixels, in new tensors beside them.</summary>
    public static Tensor[] Run(FrozenModel session, Tensor pixels)
    {
        Tensor[] outputs = Outputs(session, pixels);
        session.Run(View(pixels), [.. outputs.Select(View)]);
        return outputs;
    }

    /// <summary>Torch's dtype for ONNX Runtime's.</summary>
    public static ScalarType Dtype(TensorElementType type) => type switch
    {
        TensorElementType.Float => ScalarType.Float32,
        TensorElementType.Double => ScalarType.Float64,
        TensorElementType.Float16 => ScalarType.Float16,
        TensorElementType.UInt8 => ScalarType.Byte,
        TensorElementType.Int64 => ScalarType.Int64,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "not a feature's element type"),
    };

    /// <summary>The torch device of a compute device.</summary>
    public static Device Device(ComputeDevice device) => device.IsCuda ? new Device(DeviceType.CUDA, device.Index) : CPU;

    static TensorElementType ElementType(ScalarType type) => type switch
    {
        ScalarType.Float32 => TensorElementType.Float,
        ScalarType.Float64 => TensorElementType.Double,
        ScalarType.Float16 => TensorElementType.Float16,
        ScalarType.Byte => TensorElementType.UInt8,
        ScalarType.Int64 => TensorElementType.Int64,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "no ONNX Runtime counterpart"),
    };

    static nint Pointer(Tensor tensor)
    {
        if (tensor.dtype == ScalarType.Float16)
        {
            return StartOfHalves(tensor);
        }

        long offset = tensor.storage_offset() * tensor.ElementSize;
        return (nint)offset + (tensor.dtype switch
        {
            ScalarType.Float64 => Start(tensor.storage<double>()),
            ScalarType.Byte => Start(tensor.storage<byte>()),
            ScalarType.Int64 => Start(tensor.storage<long>()),
            _ => Start(tensor.storage<float>()),
        });
    }

    /// <summary>TorchSharp has no storage of halves (asked for floats it converts a copy): their bytes are looked at, on the CPU only.</summary>
    /// <exception cref="InvalidOperationException">The tensor is on another device.</exception>
    static unsafe nint StartOfHalves(Tensor tensor)
    {
        using Tensor first = tensor.view(-1).slice(0, 0, 1, 1);
        fixed (byte* start = first.bytes)
        {
            return (nint)start;
        }
    }

    static nint Start<T>(Storage<T> storage) where T : unmanaged
    {
        using (storage)
        {
            return storage.data_ptr();
        }
    }
}
