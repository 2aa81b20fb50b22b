using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace OnnxAmalgam.Teachers;

/// <summary>
/// The environment that native code sees. .NET keeps a copy of its own, so <see cref="Environment.SetEnvironmentVariable(string, string)"/>
/// does not reach ONNX Runtime, whose official builds send telemetry unless <c>ORT_DISABLE_TELEMETRY</c> is 1 before it loads.
/// </summary>
internal static partial class NativeEnvironment
{
    internal const string TelemetrySwitch = "ORT_DISABLE_TELEMETRY";

    /// <summary>Runs before any other code of this assembly, so before it can load ONNX Runtime.</summary>
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "No caller of this library may be able to forget it.")]
    internal static void SwitchTelemetryOff() => Set(TelemetrySwitch, "1");

    /// <summary>Whether ONNX Runtime finds telemetry switched off.</summary>
    internal static bool TelemetryIsOff => Get(TelemetrySwitch) == "1";

    internal static void Set(string name, string value)
    {
        int error = OperatingSystem.IsWindows() ? PutUcrt(name, value) : SetLibc(name, value, overwrite: 1);
        if (error != 0)
        {
            throw new InvalidOperationException($"environment variable '{name}': expected the C library to set it, got error {error}.");
        }
    }

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
