using OnnxAmalgam.Training.CommonSpace;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.CommonSpace;

public sealed class NormalisedBlockTests
{
    static CommonBlock Block(bool pooled = false, ScalarType dtype = ScalarType.Float64) =>
        CommonBlock.Create(3, [5, 6], new(Channels: 4, Blocks: 2, Pooled: pooled, Form: CommonForm.Kae), new WeightSource(7, CPU, dtype));

    static Tensor[] Taps(long n, params long[] grid) => [Tensors.Random(1, [n, 3, .. grid]), Tensors.Random(2, [n, 5, .. grid]), Tensors.Random(3, [n, 6, .. grid])];

    [Fact]
    public void Weights_are_those_of_the_toolkit_by_shape()
    {
        using var maps = Block();
        Assert.Equal(
        [
            "4,3,1,1", "4", "4", "4", "4,5,1,1", "4", "4", "4", "4,6,1,1", "4", "4", "4",
            "4,4,3,3", "4", "4", "4,4,3,3", "4", "4", "4,4,3,3", "4", "4", "4,4,3,3", "4", "4",
            "5,4,1,1", "5", "5", "5", "5,5,1,1", "5", "6,4,1,1", "6", "6", "6", "6,6,1,1", "6",
        ], Shapes(maps));
        using var pooled = Block(pooled: true);
        Assert.Equal(
        [
            "4,3", "4", "4,5", "4", "4,6", "4", "4,4", "4", "4,4", "4", "5,4", "5", "5,5", "5", "6,4", "6", "6,6", "6",
        ], Shapes(pooled));
    }

    [Fact]
    public void Each_feature_is_normalised_alone_so_that_a_teachers_scale_changes_nothing()
    {
        using var scope = NewDisposeScope();
        using var block = Block();
        var taps = Taps(6, 4, 4);
        foreach (var (name, parameter) in block.named_parameters())
            if (name.StartsWith("alignTeachers", StringComparison.Ordinal) && name.Contains("layers.0.bias", StringComparison.Ordinal))
                using (no_grad()) parameter.zero_();
        var once = block.Forward(taps[0], taps[1..]);
        var loud = block.Forward(taps[0], [taps[1] * 100, taps[2]]);
        Tensors.Close(once.Features[0], loud.Features[0]);
        Tensors.Close(once.Features[1], loud.Features[1], 1e-2);
        Tensors.Close(once.Features[2], loud.Features[2]);
        Assert.All(once.Features.Values(), v => Assert.True(v >= 0));
        Assert.Equal([[6, 5, 4, 4], [6, 6, 4, 4]], once.Reconstructions.Select(r => r.shape));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void All_of_it_trains_in_both_forms_and_leaves_nothing_alive(bool pooled)
    {
        using var scope = NewDisposeScope();
        using var block = Block(pooled, ScalarType.Float32);
        Tensor[] taps = [.. (pooled ? Taps(6) : Taps(6, 4, 4)).Select(t => t.to_type(ScalarType.Float32))];
        Step();
        Assert.All(block.named_parameters(), p => Assert.NotNull(p.parameter.grad));
        // A bias before a normalisation has no effect.
        Assert.All(block.named_parameters().Where(p => !p.name.EndsWith("layers.0.bias", StringComparison.Ordinal)), p => Assert.Contains(p.parameter.grad!.Values(), g => g != 0));
        Tensors.LeavesNothingAlive(Step);

        void Step()
        {
            using var inner = NewDisposeScope();
            var common = block.Forward(taps[0], taps[1..]);
            var rebuilt = common.Reconstructions.Select((r, i) => (r - taps[i + 1]).square().mean()).ToArray();
            (common.Features * Tensors.Random(4, common.Features.shape).to_type(ScalarType.Float32) + stack(rebuilt).sum()).sum().backward();
        }
    }

    [Fact]
    public void Half_precision_features_flow_over_wide_weights()
    {
        using var scope = NewDisposeScope();
        using var block = Block(dtype: ScalarType.Float32);
        var taps = Taps(4, 4, 4).Select(t => t.to_type(ScalarType.BFloat16)).ToArray();
        Assert.Equal(ScalarType.BFloat16, block.Forward(taps[0], taps[1..]).Features.dtype);
    }

    static IEnumerable<string> Shapes(CommonBlock block) => block.named_parameters().Select(p => string.Join(',', p.parameter.shape));
}
