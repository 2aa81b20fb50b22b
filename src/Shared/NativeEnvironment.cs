using System.Runtime.InteropServices;

namespace OnnxAmalgam;

/// <summary>
/// The environment that native code sees. .NET keeps a copy of its own on Unix, so
/// <see cref="Environment.SetEnvironmentVariable(string, string)"/> does not reach native libraries.
/// Compiled into each room that owns a native library: they share no assembly that knows of one.
/// </summary>
internal static partial class NativeEnvironment
{
    /// <summary>Sets a variable, for libraries that are yet to load.</summary>
    internal static void Set(string name, string value)
    {
        int error = OperatingSystem.IsWindows() ? PutUcrt(name, value) : SetLibc(name, value, overwrite: 1);
        if (error != 0)
        {
            throw new InvalidOperationException($"environment variable '{name}': expected the C library to set it, got error {error}.");
        }
    }

    /// <summary>A variable's value, or null.</summary>
    internal static string? Get(string name) =>
        Marshal.PtrToStringUTF8(OperatingSystem.IsWindows() ? GetUcrt(name) : GetLibc(name));

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetLibc(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "getenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint GetLibc(string name);

    [LibraryImport("ucrtbase", EntryPoint = "_putenv_s", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int PutUcrt(string name, string value);

    [LibraryImport("ucrtbase", EntryPoint = "getenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint GetUcrt(string name);
}
