using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace OnnxAmalgam.Teachers;

/// <summary>A zeroed tensor in native memory of this process. Owns it.</summary>
internal sealed unsafe class ScratchMemory(TensorElementType type, long[] shape) : IDisposable
{
    void* memory = NativeMemory.AllocZeroed((nuint)Math.Max(1, type.SizeInBytes(shape)));

    /// <summary>The memory as a tensor.</summary>
    internal TensorView View => new((nint)memory, type, shape, ComputeDevice.Cpu);

    /// <summary>The memory as bytes.</summary>
    internal Span<byte> Bytes => new(memory, checked((int)type.SizeInBytes(shape)));

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.Free(memory);
        memory = null;
    }
}
