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

    [Fact]
    public void Maps_are_those_of_its_formula()
    {
        using var scope = NewDisposeScope();
        using var block = Block();
        using var guard = no_grad();
        int draw = 10;
        foreach (var (_, parameter) in block.named_parameters()) parameter.copy_(Tensors.Random(draw++, parameter.shape));
        var left = new Queue<Tensor>(block.named_parameters().Select(p => (Tensor)p.parameter));
        var taps = Taps(6, 4, 4);
        var common = block.Forward(taps[0], taps[1..]);

        Tensor[] aligned = [.. taps.Select(tap => Norm(Layer(tap)).relu())];
        for (int b = 0; b < 2; b++)
        {
            Tensor first = left.Dequeue(), scale1 = left.Dequeue(), offset1 = left.Dequeue(), second = left.Dequeue(), scale2 = left.Dequeue(), offset2 = left.Dequeue();
            aligned = [.. aligned.Select(x => (Scaled(nn.functional.conv2d(Scaled(nn.functional.conv2d(x, first, padding: [1, 1]), scale1, offset1).relu(), second, padding: [1, 1]), scale2, offset2) + x).relu())];
        }

        Tensors.Close(stack(aligned), common.Features, 1e-9);
        foreach (var (rebuilt, x) in common.Reconstructions.Zip(aligned.Skip(1)))
            Tensors.Close(Layer(Norm(Layer(x)).relu()), rebuilt, 1e-9);
        Assert.Empty(left);

        Tensor Layer(Tensor x) => nn.functional.conv2d(x, left.Dequeue(), left.Dequeue());
        Tensor Norm(Tensor x) => Scaled(x, left.Dequeue(), left.Dequeue());

        static Tensor Scaled(Tensor x, Tensor scale, Tensor offset)
        {
            var (mean, variance) = (x.mean([0, 2, 3], keepdim: true), x.var([0, 2, 3], unbiased: false, keepdim: true));
            return (x - mean) / (variance + 1e-5).sqrt() * scale.view(1, -1, 1, 1) + offset.view(1, -1, 1, 1);
        }
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
