using System.Globalization;

namespace OnnxAmalgam.Training.Evaluation;

/// <summary>The process' resident memory and its peak since the last reset. Linux tells; elsewhere everything is null.</summary>
static class ResidentMemory
{
    /// <summary>Starts a new peak and gives the bytes resident now.</summary>
    public static long? Reset()
    {
        if (!OperatingSystem.IsLinux())
            return null;
        GC.Collect();
        GC.WaitForPendingFinalizers();
        // What the C library keeps of freed memory would hide as much of what comes next.
        if (!NativeLeftovers.Trim())
            return null;
        try
        {
            // 5: set the peak to the present value (proc_pid_clear_refs(5)).
            File.WriteAllText("/proc/self/clear_refs", "5");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
        return Read("VmRSS:");
    }

    /// <summary>The largest number of bytes resident since the reset.</summary>
    public static long? Peak() => OperatingSystem.IsLinux() ? Read("VmHWM:") : null;

    static long? Read(string key)
    {
        foreach (var line in File.ReadLines("/proc/self/status"))
            if (line.StartsWith(key, StringComparison.Ordinal) && long.TryParse(line[key.Length..].Replace("kB", "", StringComparison.Ordinal).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var kibibytes))
                return kibibytes << 10;
        return null;
    }
}
