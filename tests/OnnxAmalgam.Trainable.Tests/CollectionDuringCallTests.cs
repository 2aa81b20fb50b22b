using System.Diagnostics;
using System.Reflection;
using TorchSharp;

namespace OnnxAmalgam.Trainable.Tests;

/// <summary>Numbers that libtorch is given survive a garbage collection that another thread sets off during the call (buildTransitive/KeepArguments.cs).</summary>
public sealed class CollectionDuringCallTests
{
    [Fact]
    public void TorchSharps_methods_keep_their_arguments() =>
        Assert.True(typeof(torch).Assembly.GetCustomAttribute<DebuggableAttribute>()!.IsJITOptimizerDisabled);

    /// <summary>With the assembly as its package has it, libtorch reads freed memory within a second.</summary>
    [Fact]
    public void Sums_and_products_are_right_while_another_thread_collects_without_a_pause()
    {
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(3));
        Thread[] collectors = [.. Enumerable.Range(0, 2).Select(_ => new Thread(() => Collect(stop.Token)))];
        foreach (var thread in collectors) thread.Start();
        try
        {
            while (!stop.IsCancellationRequested) Compute();
        }
        finally
        {
            stop.Cancel();
            foreach (var thread in collectors) thread.Join();
        }
    }

    static void Compute()
    {
        using var scope = torch.NewDisposeScope();
        var ones = torch.ones(4);
        for (int i = 0; i < 100; i++)
        {
            Assert.Equal(4 * (((1 + 1) * 3) - 2), (((ones + ones) * 3) - 2).clamp_min(0.5).sum().item<float>());
        }
    }

    static void Collect(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            GC.Collect(0);
            GC.WaitForPendingFinalizers();
            _ = 7.0.ToScalar();
        }
    }
}
