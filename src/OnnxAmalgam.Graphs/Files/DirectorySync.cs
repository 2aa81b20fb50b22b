using System.Runtime.InteropServices;

namespace OnnxAmalgam.Graphs.Files;

/// <summary>Makes a rename last through a power cut: the folder's own entry must reach the disk.</summary>
static partial class DirectorySync
{
    /// <summary>Flushes the folder. File systems that cannot (some network mounts) are taken as they are; on Windows the rename is journalled already.</summary>
    public static void Flush(string folder)
    {
        if (OperatingSystem.IsWindows()) return;
        var descriptor = Open(folder, 0);
        if (descriptor < 0) return;
        _ = Fsync(descriptor);
        _ = Close(descriptor);
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int Fsync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
