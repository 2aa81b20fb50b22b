using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Tests.Conformance;

public sealed class NarrowActivationTests
{
    public static TheoryData<string> Cases => [.. AllCases.Names.Where(name => AllCases.Find(name) is { HasKink: false, IsFlat: false } c && c.Types.Contains(ScalarType.Float32))];

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_row_runs_forward_and_backward_with_bfloat16_activations_and_float32_weights(string name)
    {
        var c = AllCases.Find(name);
        foreach (var (row, opsets) in c.Rows())
        {
            using var scope = NewDisposeScope();
            using var model = CaseModel.Of(c, opsets[^1], ScalarType.Float32, 2, Placement.Initializers);
            using var graph = new TrainableGraph(model.Model);
            graph.eval();
            var wide = graph.Run(model.Feeds, model.Outputs);
            graph.ActivationDtype = ScalarType.BFloat16;
            foreach (var feed in model.Feeds.Values.Where(feed => feed.dtype == ScalarType.Float32)) feed.requires_grad_(true);
            var narrow = graph.Run(model.Feeds, model.Outputs);
            for (var i = 0; i < wide.Length; i++)
            {
                Assert.True(wide[i].dtype == narrow[i].dtype, $"{row}: expected type {wide[i].dtype}, got {narrow[i].dtype}");
                Assert.Equal(wide[i].shape, narrow[i].shape);
                if (i > 0 || wide[i].dtype != ScalarType.Float32) continue;
                using var guard = no_grad();
                var (difference, size) = (wide[i].sub(narrow[i]).abs().mean().item<float>(), wide[i].abs().mean().item<float>());
                Assert.True(difference <= 0.03 * (size + 0.3), $"{row}: expected about the same in bfloat16, got a mean difference of {difference:G3} at a mean size of {size:G3}");
            }

            if (!narrow.Any(output => output.requires_grad)) continue;
            narrow.Where(output => output.requires_grad).Select(output => output.sum()).Aggregate((a, b) => a.add(b)).backward();
            Assert.All(model.Feeds.Values.Where(feed => feed.grad is not null), feed => Assert.False(feed.grad!.isnan().any().item<bool>(), $"{row}: gradient is NaN"));
        }
    }
}
