using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace OnnxAmalgam.Trainable;

/// <summary>
/// glibc gives the memory of a step's tensors back to the system when the step ends and takes it anew, page by page, in the next. Told to
/// keep it, a small student's step is a tenth shorter (docs/speed.md).
/// </summary>
internal static partial class HeapPolicy
{
    const int TrimThreshold = -1, MapThreshold = -3;
    /// <summary>Blocks up to this size come from the heap; the largest that glibc takes.</summary>
    const int LargestHeapBlock = 32 << 20;

    /// <summary>Runs before any other code of this assembly. A user's own settings stand.</summary>
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "No caller of this library may be able to forget it.")]
    internal static void Keep() => IsKept = OperatingSystem.IsLinux() && !IsUsersChoice && TryKeep();

    /// <summary>Whether freed memory is kept; false where the C library is not glibc, or the user decides.</summary>
    internal static bool IsKept { get; private set; }

    static bool IsUsersChoice =>
        NativeEnvironment.Get("MALLOC_TRIM_THRESHOLD_") is not null || NativeEnvironment.Get("MALLOC_MMAP_THRESHOLD_") is not null || NativeEnvironment.Get("GLIBC_TUNABLES") is not null;

    static bool TryKeep()
    {
        try
        {
            return SetOption(MapThreshold, LargestHeapBlock) == 1 && SetOption(TrimThreshold, int.MaxValue) == 1;
        }
        catch (EntryPointNotFoundException)
        {
            return false;
        }
        catch (DllNotFoundException)
        {
            return false;
        }
    }

    [LibraryImport("libc.so.6", EntryPoint = "mallopt")]
    private static partial int SetOption(int option, int value);
}
