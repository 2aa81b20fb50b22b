using TorchSharp;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training;

/// <summary>The processor's numbers on the device of a run.</summary>
static class Upload
{
    /// <summary>The same numbers on a device; the caller owns both tensors. To CUDA they go by way of page-locked memory, so that nobody waits for the
    /// device; libtorch gives that memory to nobody else before the copy is done.</summary>
    public static Tensor To(Tensor numbers, Device device)
    {
        if (device.type != DeviceType.CUDA)
        {
            return numbers.to(device);
        }

        using Tensor locked = numbers.pin_memory();
        return locked.to(device, non_blocking: true);
    }
}
