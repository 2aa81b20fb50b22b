using System.Runtime.InteropServices;

namespace OnnxAmalgam.Trainable;

/// <summary>Floats below 1e-38, which have fewer digits. Weights that decay come there in the end, and some processors multiply them many times more slowly: a training that began
/// with 400 ms a step took 700 after seven epochs (docs/speed.md).</summary>
static partial class Denormals
{
    const int FlushToZero = 1 << 15, DenormalsAreZero = 1 << 6;
    /// <summary>Where a processor's control word stands in the C library's fenv_t (glibc, x86-64), and room for all of it.</summary>
    const int ControlWord = 28, Size = 64;

    /// <summary>Takes them for zero on this thread and on those that it starts from now on; false where that is not known to be possible.</summary>
    public static bool Flush()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
            return false;
        Span<byte> environment = stackalloc byte[Size];
        try
        {
            if (Get(environment) != 0)
                return false;
            MemoryMarshal.Cast<byte, int>(environment)[ControlWord / sizeof(int)] |= FlushToZero | DenormalsAreZero;
            return Set(environment) == 0;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return false;
        }
    }

    [LibraryImport("libm.so.6", EntryPoint = "fegetenv")]
    private static partial int Get(Span<byte> environment);

    [LibraryImport("libm.so.6", EntryPoint = "fesetenv")]
    private static partial int Set(ReadOnlySpan<byte> environment);
}
