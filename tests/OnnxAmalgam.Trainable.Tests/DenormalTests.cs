using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Tests;

public sealed class DenormalTests
{
    [Fact]
    public void Numbers_below_the_normal_ones_are_zero_on_the_thread_and_those_it_starts_and_on_no_other()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.X64, "needs Linux on x86-64");
        var (before, after, started) = (0f, 1f, 1f);
        var thread = new Thread(() =>
        {
            before = Tenth();
            Assert.True(TorchRuntime.FlushDenormals());
            new OnnxAmalgam.Teachers.PlainSession(new TinyModel().Input("x", ones(2)).Node("Relu", "x", "y").Output("y").Build()).Dispose();
            after = Tenth();
            var next = new Thread(() => started = Tenth());
            next.Start();
            next.Join();
        });
        thread.Start();
        thread.Join();
        Assert.True(before > 0);
        Assert.Equal((0f, 0f), (after, started));
        Assert.True(Tenth() > 0);
    }

    /// <summary>A tenth of the least normal float, by libtorch.</summary>
    static float Tenth()
    {
        using var scope = NewDisposeScope();
        return full(20, 1.2e-38f).mul(0.1f)[7].item<float>();
    }
}
