using System.Diagnostics;
using System.Globalization;
using static Onnx.TensorProto.Types;
using static OnnxAmalgam.Teachers.Tests.TinyModel;

namespace OnnxAmalgam.Teachers.Tests;

/// <summary>What is measured of the whole process is measured alone.</summary>
[CollectionDefinition(nameof(MemoryTests), DisableParallelization = true)]
[Collection(nameof(MemoryTests))]
public sealed class MemoryTests
{
    [Fact]
    public void A_large_output_is_written_in_place_without_a_copy_beside_it()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "peak memory is read from /proc");
        const int width = 1 << 24;
        using FrozenModel model = new(Of(Value("x", DataType.Float, -1, 1), [Node("Expand", ["x", "shape"], ["y"])], [Value("y", DataType.Float, -1, width)], [Indices("shape", 1, width)]), ["y"]);
        PinnedTensor<float> x = PinnedTensor.Floats([1, 1], [7]), y = PinnedTensor.Floats(1, width);
        _ = model.OutputShapes(x.View.Shape);
        File.WriteAllText("/proc/self/clear_refs", "5");
        long before = PeakBytes();

        model.Run(x.View, [y.View]);

        Assert.InRange(PeakBytes() - before, long.MinValue, width * sizeof(float) / 2);
        Assert.True(y.BandsAreIntact);
        Assert.False(y.Values.ContainsAnyExcept(7));
    }

    [Theory]
    [InlineData(8)]
    [InlineData(11)]
    public void Memory_is_flat_over_ten_thousand_runs(int fixedBatch)
    {
        using FrozenModel model = new(FixedBatchTests.Stubborn(fixedBatch), ["y", "flat"], new() { Threads = 1 });
        PinnedTensor<float> x = PinnedTensor.Noise(8, 2, 3), y = PinnedTensor.Floats(8, 6), flat = PinnedTensor.Floats(16, 3);
        TensorView[] outputs = [y.View, flat.View];
        Growth();

        // A leak grows every time; a heap that settles does so once.
        Assert.InRange(Enumerable.Range(0, 4).Min(_ => Growth()), long.MinValue, 256 << 10);

        long Growth()
        {
            long before = PrivateBytes();
            for (int i = 0; i < 10_000; i++)
            {
                model.Run(x.View, outputs);
            }

            return PrivateBytes() - before;
        }
    }

    static long PrivateBytes()
    {
        GC.Collect();
        using Process process = Process.GetCurrentProcess();
        return process.PrivateMemorySize64;
    }

    static long PeakBytes()
    {
        string line = File.ReadLines("/proc/self/status").First(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }
}
