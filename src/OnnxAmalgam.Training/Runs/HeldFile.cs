namespace OnnxAmalgam.Training.Runs;

/// <summary>Files that are open in one program at a time.</summary>
static class HeldFile
{
    const int EagainLinux = 11, EagainMac = 35, WindowsSharingViolation = unchecked((int)0x80070020);

    /// <summary>Whether a file could not be opened because another program has it. On Unix .NET puts errno into HResult, on Windows the system's code.</summary>
    public static bool IsCauseOf(IOException e) => e.HResult == (OperatingSystem.IsWindows() ? WindowsSharingViolation : OperatingSystem.IsMacOS() ? EagainMac : EagainLinux);
}
