using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace OnnxAmalgam.Trainable.Tests;

/// <summary>These tests use ONNX Runtime directly, so they switch its telemetry off themselves, before it loads.</summary>
internal static partial class TelemetryOff
{
    [ModuleInitializer]
    internal static void Set()
    {
        if (!OperatingSystem.IsWindows()) _ = SetLibc("ORT_DISABLE_TELEMETRY", "1", 1);
        else _ = PutUcrt("ORT_DISABLE_TELEMETRY", "1");
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetLibc(string name, string value, int overwrite);

    [LibraryImport("ucrtbase", EntryPoint = "_putenv_s", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int PutUcrt(string name, string value);
}
