using System.Runtime.InteropServices;

namespace OnnxAmalgam.Cli.Shell;

/// <summary>Ends the process without running anything more in it. <see cref="Environment.Exit"/> would unload ONNX Runtime under a thread
/// that is still in it, and the error it meets would be told.</summary>
internal static partial class ImmediateExit
{
    public static void With(int code)
    {
        if (OperatingSystem.IsWindows())
            TerminateProcess(-1, (uint)code);
        else
            ExitNow(code);
    }

    [LibraryImport("libc", EntryPoint = "_exit")]
    private static partial void ExitNow(int status);

    /// <param name="process">-1: this one.</param>
    /// <param name="exitCode">What it ends with.</param>
    [LibraryImport("kernel32")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool TerminateProcess(nint process, uint exitCode);
}
