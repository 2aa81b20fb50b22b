using System.Globalization;
using System.Text.Json;
using Onnx;
using OnnxAmalgam.Cli.Tests.Running;
using OnnxAmalgam.Tests.Shared;

namespace OnnxAmalgam.Cli.Tests.Checks;

public sealed class CheckMemoryTests : IDisposable
{
    const int Width = 2048, WeightBytes = 4 * Width * Width;

    readonly TempFolder place = new();

    public void Dispose() => place.Dispose();

    [Fact]
    public void A_rate_that_is_halved_twenty_times_needs_no_more_memory_than_one_that_is_not()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "peak memory is read from /proc");
        string tame = place.Write("tame.onnx", Product(0.01f)), steep = place.Write("steep.onnx", Product(100));
        InProcess.Run("check", tame, "--json", "--threads", "1").Ends(0);

        long few = Peak(tame), many = Peak(steep);

        Assert.InRange(many - few, long.MinValue, 6 * WeightBytes);
    }

    static long Peak(string path)
    {
        GC.Collect();
        File.WriteAllText("/proc/self/clear_refs", "5");
        long before = Bytes("VmHWM:");
        CliResult result = InProcess.Run("check", path, "--json", "--threads", "1").Ends(0);
        Assert.Equal("pass", JsonDocument.Parse(result.Output).RootElement.GetProperty("status").GetString());
        return Bytes("VmHWM:") - before;
    }

    static long Bytes(string key)
    {
        string line = File.ReadLines("/proc/self/status").First(l => l.StartsWith(key, StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }

    /// <summary>Scores = factor * (mean over the image) W: the larger the factor, the smaller the rate at which the loss falls.</summary>
    static byte[] Product(float factor) => Models.With(m =>
    {
        m.Graph.Input[0] = Models.Value("images", null, Width, 1, 1);
        m.Graph.Output[0] = Models.Value("logits", null, Width);
        m.Graph.Initializer.Clear();
        m.Graph.Initializer.Add(Models.Weight("weight", Width, Width));
        m.Graph.Node.Clear();
        m.Graph.Node.Add(Models.Node("Flatten", ["images"], "flat"));
        m.Graph.Node.Add(Models.Node("Gemm", ["flat", "weight"], "logits"));
        m.Graph.Node[1].Attribute.Add(new AttributeProto { Name = "alpha", Type = AttributeProto.Types.AttributeType.Float, F = factor });
    });
}
