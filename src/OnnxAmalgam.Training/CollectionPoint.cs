namespace OnnxAmalgam.Training;

/// <summary>
/// Garbage is collected between steps, before there is so much of it that a collection would begin in the middle of one.
/// </summary>
/// <remarks>TorchSharp hands libtorch the address of a <c>Scalar</c> (the 2 in <c>x * 2</c>) and lets go of the object. A collection that another thread
/// sets off during the call may free the number before libtorch reads it. Whoever computes on a thread beside this one keeps its scalars in static fields.</remarks>
internal sealed class CollectionPoint
{
    /// <summary>A quarter of what the runtime lets gather on a processor of 16 MB cache; a step of the demo leaves about 0.3 MB.</summary>
    const long Enough = 4 << 20;

    long collectedAt = GC.GetTotalAllocatedBytes();

    /// <summary>No call into libtorch is under way on this thread.</summary>
    public void Pass()
    {
        long allocated = GC.GetTotalAllocatedBytes();
        if (allocated - collectedAt > Enough)
        {
            GC.Collect(0, GCCollectionMode.Forced, blocking: true);
            collectedAt = allocated;
        }
    }
}
