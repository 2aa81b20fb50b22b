using System.Runtime.ExceptionServices;

namespace OnnxAmalgam.Training.Data;

/// <summary>A loop on all cores that throws what its body threw, not an aggregate of it.</summary>
static class ParallelLoop
{
    public static void Run(int count, Action<int> body)
    {
        try
        {
            Parallel.For(0, count, body);
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }
    }
}
