using System.Text.Json;
using OnnxAmalgam.Cli.Tests.Running;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Trainable;
using OnnxAmalgam.Training.Export;

namespace OnnxAmalgam.Cli.Tests.Checks;

/// <summary>What this repository ships computes and trains as ONNX Runtime says: <c>check</c> over folders, as its users run it.</summary>
public sealed class BundledModelTests : IDisposable
{
    readonly TempFolder place = new();

    public void Dispose() => place.Dispose();

    [Fact]
    public void Every_teacher_passes()
    {
        string folder = Path.Combine(Repository.Root, "models", "teachers");
        string[] models = [.. Directory.EnumerateFiles(folder, "*.onnx").Order(StringComparer.Ordinal)];
        Assert.True(models.Length >= 4);
        AssertPass(models, InProcess.Run("check", folder, "--json", "--threads", "1").Ends(0));
    }

    [Fact]
    public void Every_architecture_of_the_zoo_passes()
    {
        (string Name, string Expression)[] students =
        [
            ("bottleneck", "resnet(widths=[8,16], blocks=[1,1], block=bottleneck, stem=imagenet)"),
            ("convmixer", "convmixer(dim=16, depth=2)"),
            ("mobilenet", "mobilenet(widths=[8,16], blocks=[1,1])"),
            ("resnet", "resnet(widths=[16,32,64], blocks=[1,1,1])"),
            ("vit", "vit(dim=16, depth=2, heads=2)"),
        ];
        foreach (var (name, expression) in students)
            StudentZoo.Build(expression, channels: 3, height: 32, width: 32, classes: 10, seed: 1).Save(place[$"{name}.onnx"]);
        AssertPass([.. students.Select(s => place[$"{s.Name}.onnx"])], InProcess.Run("check", place.Path, "--json", "--threads", "1", "--steps", "2").Ends(0));
    }

    static void AssertPass(string[] models, CliResult result)
    {
        JsonElement[] rows = [.. result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal(models, rows.Select(r => r.GetProperty("model").GetString()));
        Assert.All(rows, row =>
        {
            Assert.Equal("pass", row.GetProperty("status").GetString());
            Assert.InRange(row.GetProperty("maxDifference").GetDouble(), 0, 1e-5);
            // What was trained in single is rounded where the file stores halves.
            double rounding = Agreement.ToleranceOf(OnnxModel.Load(row.GetProperty("model").GetString()!)) > 1e-3 ? 1e-2 : 1e-5;
            Assert.InRange(row.GetProperty("maxDifferenceAfterTraining").GetDouble(), 0, rounding);
            Assert.InRange(row.GetProperty("lossAfter").GetDouble(), 0, row.GetProperty("lossBefore").GetDouble() * 0.9999);
        });
    }
}
