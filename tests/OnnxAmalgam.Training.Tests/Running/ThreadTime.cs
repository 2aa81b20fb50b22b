using System.Diagnostics;
using System.Runtime.InteropServices;

namespace OnnxAmalgam.Training.Tests.Running;

/// <summary>Time of a thread that does all the work; on Linux without what the machine does for others meanwhile.</summary>
static partial class ThreadTime
{
    /// <summary>What an action takes of it.</summary>
    public static double Seconds<T>(Func<T> action)
    {
        double start = Now();
        _ = action();
        return Now() - start;
    }

    static unsafe double Now()
    {
        const int ThreadTime = 3;
        if (!OperatingSystem.IsLinux()) return Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency;
        long* secondsAndNanoseconds = stackalloc long[2];
        Assert.Equal(0, ClockGetTime(ThreadTime, secondsAndNanoseconds));
        return secondsAndNanoseconds[0] + (secondsAndNanoseconds[1] * 1e-9);
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static unsafe partial int ClockGetTime(int clock, long* time);
}
