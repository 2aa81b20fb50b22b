namespace OnnxAmalgam.Training.Optimisation;

/// <summary>
/// TorchSharp leaves small native blocks of a step (a number handed to libtorch, the callback that receives a shape) to the garbage collector,
/// which sees little reason to come: a step's managed garbage is small. Until it comes, each such block keeps the two large holes beside it,
/// which held activations, from being one, and the next step's activations need new memory. So it is called.
/// </summary>
internal sealed class NativeLeftovers
{
    /// <summary>Steps between two calls: leftovers of so many are too few to matter, and a call costs less than 0.1 % of them.</summary>
    const int Interval = 4;
    int steps;

    /// <summary>Called after every step, or batch of a validation.</summary>
    public void StepEnded()
    {
        if (++steps % Interval == 0)
        {
            // What another thread held during the call before is a generation older now.
            GC.Collect(1, GCCollectionMode.Forced, blocking: true);
        }
    }
}
