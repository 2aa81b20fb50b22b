using System.Text.Json;
using OnnxAmalgam.Cli.Tests.Running;
using OnnxAmalgam.Tests.Shared;

namespace OnnxAmalgam.Cli.Tests.Checks;

/// <summary>Models as PyTorch (both exporters), tf2onnx, Paddle, CNTK and scikit-learn write them, with weights as initializers, Constant nodes, graph inputs,
/// external data, tied, transposed and in float16: one table over their folder.</summary>
public sealed class ExportedModelTests
{
    [Fact]
    public void Every_file_computes_trains_and_is_written_back_or_says_which_operators_it_cannot_train()
    {
        string folder = Path.Combine(Repository.Root, "tests", "fixtures", "exports");
        CliResult result = InProcess.Run("check", folder, "--json", "--threads", "1", "--steps", "2").Ends(0);
        var rows = result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)
            .ToDictionary(row => Path.GetFileName(row.GetProperty("model").GetString()!));
        Assert.Equal(Directory.GetFiles(folder, "*.onnx").Select(Path.GetFileName).Order(), rows.Keys.Order());
        Assert.True(rows.Remove("sklearn_zipmap.onnx", out JsonElement classical));
        Assert.Equal("unsupported", classical.GetProperty("status").GetString());
        Assert.Equal(3, classical.GetProperty("unsupported").GetArrayLength());
        Assert.All(rows, row =>
        {
            Assert.Equal((row.Key, "pass"), (row.Key, row.Value.GetProperty("status").GetString()));
            double bound = row.Key.StartsWith("float16", StringComparison.Ordinal) ? 1e-3 : 1e-5;
            Assert.InRange(row.Value.GetProperty("maxDifference").GetDouble(), 0, bound);
            Assert.InRange(row.Value.GetProperty("maxDifferenceAfterTraining").GetDouble(), 0, bound);
            Assert.InRange(row.Value.GetProperty("lossAfter").GetDouble(), 0, row.Value.GetProperty("lossBefore").GetDouble() * 0.9999);
        });
    }
}
