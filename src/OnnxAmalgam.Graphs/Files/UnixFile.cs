using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace OnnxAmalgam.Graphs.Files;

/// <summary>What Unix knows of files and .NET does not: opening for reading without waiting, devices and pipes. .NET's own open waits for ever on a named pipe that nobody writes to.</summary>
static partial class UnixFile
{
    const int ENOENT = 2, EACCES = 13, ENOTDIR = 20;

    /// <summary>Linux and macOS on the processors this program is built for; the flags differ elsewhere.</summary>
    public static bool IsSupported => OperatingSystem.IsLinux() || OperatingSystem.IsMacOS();

    // O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC
    static int Flags => OperatingSystem.IsMacOS() ? 0x4 | 0x20000 | 0x1000000 : 0x800 | 0x100 | 0x80000;

    public static SafeFileHandle OpenWithoutWaiting(string path)
    {
        var descriptor = Open(path, Flags);
        if (descriptor >= 0) return new SafeFileHandle(descriptor, ownsHandle: true);
        var error = Marshal.GetLastPInvokeError();
        var message = $"{Marshal.GetPInvokeErrorMessage(error)} ('{path}')";
        throw error switch
        {
            ENOENT or ENOTDIR => new FileNotFoundException(message, path),
            EACCES => new UnauthorizedAccessException(message),
            _ => new IOException(message, error),
        };
    }

    /// <summary>Whether a name is no file but a device, a pipe or an open descriptor, which is written to and not replaced.</summary>
    public static bool IsStream(string path)
    {
        if (!IsSupported || !File.Exists(path)) return false;
        if (path.StartsWith("/dev/", StringComparison.Ordinal)) return !path.StartsWith("/dev/shm/", StringComparison.Ordinal);
        if (path.StartsWith("/proc/", StringComparison.Ordinal)) return true;
        try
        {
            using var stream = new FileStream(OpenWithoutWaiting(path), FileAccess.Read, bufferSize: 0);
            return !stream.CanSeek;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>The open file's path without links; null where the system does not tell (only Linux does).</summary>
    public static string? RealPath(SafeFileHandle handle) =>
        OperatingSystem.IsLinux() ? new FileInfo($"/proc/self/fd/{handle.DangerousGetHandle()}").LinkTarget : null;

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Open(string path, int flags);
}
