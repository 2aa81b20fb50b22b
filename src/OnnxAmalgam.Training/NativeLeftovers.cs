using System.Runtime.InteropServices;

namespace OnnxAmalgam.Training;

/// <summary>
/// TorchSharp leaves small native blocks of a step (a number handed to libtorch, the callback that receives a shape) to the garbage collector,
/// which sees little reason to come: a step's managed garbage is small. Until it comes, each such block keeps the two large holes beside it,
/// which held activations, from being one, and the next step's activations need new memory. So it is called. Freed memory is kept between steps;
/// what opening a teacher, a training's first steps and each epoch leave (read files, optimised graphs, compiled code, holes too small for
/// anything) is given back.
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
            GiveBack();
        }
        else
        {
            BatchEnded(steps);
        }
    }

    /// <summary>Called when a teacher has been opened or an epoch has ended.</summary>
    public static void GiveBack()
    {
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        _ = Trim();
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

    /// <summary>Has the C library give freed memory back; false where it cannot be told to.</summary>
    public static bool Trim()
    {
        try
        {
            if (OperatingSystem.IsLinux())
            {
                _ = TrimHeap(0);
                return true;
            }
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            // another C library than glibc
        }

        return false;
    }

    [LibraryImport("libc.so.6", EntryPoint = "malloc_trim")]
    private static partial int TrimHeap(nint keep);
}
