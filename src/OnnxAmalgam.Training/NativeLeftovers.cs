using System.Runtime.InteropServices;

namespace OnnxAmalgam.Training;

/// <summary>
/// TorchSharp leaves small native blocks of a step (a number handed to libtorch, the callback that receives a shape) to the garbage collector,
/// which sees little reason to come: a step's managed garbage is small. Until it comes, each such block keeps the two large holes beside it,
/// which held activations, from being one, and the next step's activations need new memory. So it is called. What opening leaves (read files,
/// optimised graphs, compiled code) is given back after each teacher, before the next one is opened, and after a training's first steps; freed
/// memory is kept from then on.
/// </summary>
internal sealed partial class NativeLeftovers
{
    /// <summary>Steps between two calls: leftovers of so many are too few to matter, and a call costs less than 0.1 % of them.</summary>
    const int Interval = 4;
    /// <summary>By then kernels are made and every block has been asked for.</summary>
    const int SettledAfter = 8;
    int steps;

    /// <summary>Called after every step of a training.</summary>
    public void StepEnded()
    {
        steps++;
        if (steps is 1 or SettledAfter)
        {
            Opened();
        }
        else
        {
            BatchEnded(steps);
        }
    }

    /// <summary>Called when something large has been opened.</summary>
    public static void Opened()
    {
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        GiveBack();
    }

    /// <summary>Called after every batch of a pass over images.</summary>
    /// <param name="batches">How many there were.</param>
    public static void BatchEnded(int batches)
    {
        if (batches % Interval == 0)
        {
            // What another thread held during the call before is a generation older now.
            GC.Collect(1, GCCollectionMode.Forced, blocking: true);
        }
    }

    static void GiveBack()
    {
        try
        {
            if (OperatingSystem.IsLinux())
            {
                _ = TrimHeap(0);
            }
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            // another C library than glibc
        }
    }

    [LibraryImport("libc.so.6", EntryPoint = "malloc_trim")]
    private static partial int TrimHeap(nint keep);
}
