using OnnxAmalgam.Training.CommonSpace;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.CommonSpace;

public sealed class CommonSpaceBlockTests
{
    static readonly CommonSpaceOptions Small = new(Channels: 4, Blocks: 2);

    static CommonSpaceBlock Block(CommonSpaceOptions? options = null, long seed = 7, ScalarType dtype = ScalarType.Float64) =>
        new(3, [5, 6], options ?? Small, new WeightSource(seed, CPU, dtype));

    static Tensor[] Taps(long n, params long[] grid) => [Tensors.Random(1, [n, 3, .. grid]), Tensors.Random(2, [n, 5, .. grid]), Tensors.Random(3, [n, 6, .. grid])];

    [Fact]
    public void Parameters_are_the_published_ones_by_name_and_shape()
    {
        using var block = Block();
        Assert.Equal(
        [
            "alignStudent.weight [8, 3, 1, 1]", "alignTeachers.0.weight [8, 5, 1, 1]", "alignTeachers.1.weight [8, 6, 1, 1]",
            "extractor.0.conv1.weight [4, 8, 3, 3]", "extractor.0.conv2.weight [4, 4, 3, 3]", "extractor.0.shortcut.weight [4, 8, 1, 1]",
            "extractor.1.conv1.weight [4, 4, 3, 3]", "extractor.1.conv2.weight [4, 4, 3, 3]",
            "decoders.0.conv1.weight [5, 4, 3, 3]", "decoders.0.conv2.weight [5, 5, 1, 1]",
            "decoders.1.conv1.weight [6, 4, 3, 3]", "decoders.1.conv2.weight [6, 6, 1, 1]",
        ], block.named_parameters().Select(Describe));
    }

    [Fact]
    public void Pooled_form_is_linear_with_the_same_widths()
    {
        using var block = Block(Small with { Pooled = true, Reconstructs = false });
        Assert.Equal(
        [
            "alignStudent.weight [8, 3]", "alignTeachers.0.weight [8, 5]", "alignTeachers.1.weight [8, 6]",
            "extractor.0.conv1.weight [4, 8]", "extractor.0.conv2.weight [4, 4]", "extractor.0.shortcut.weight [4, 8]",
            "extractor.1.conv1.weight [4, 4]", "extractor.1.conv2.weight [4, 4]",
        ], block.named_parameters().Select(Describe));
    }

    [Fact]
    public void Pooled_form_equals_the_spatial_form_on_one_pixel_with_centred_weights()
    {
        using var scope = NewDisposeScope();
        using var spatial = Block();
        using var pooled = Block(Small with { Pooled = true });
        using (no_grad())
        {
            foreach (var ((_, s), (_, p)) in spatial.named_parameters().Zip(pooled.named_parameters()))
                p.copy_(s[.., .., (int)(s.shape[2] / 2), (int)(s.shape[3] / 2)]);
        }

        var taps = Taps(3, 1, 1);
        var expected = spatial.Forward(taps[0], taps[1..]);
        var actual = pooled.Forward(taps[0].flatten(1), [.. taps[1..].Select(t => t.flatten(1))]);
        Tensors.Close(expected.Features.flatten(2), actual.Features);
        Tensors.Close(expected.Reconstructions[1].flatten(1), actual.Reconstructions[1]);
    }

    [Fact]
    public void Same_seed_gives_the_same_weights_whatever_torch_drew_before()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        using var first = Block();
        var drawn = rand(3);
        manual_seed(1);
        Tensors.Close(drawn, rand(3), 0);
        manual_seed(2);
        using var second = Block();
        using var narrow = Block(dtype: ScalarType.Float32);
        using var other = Block(seed: 8);
        foreach (var ((name, a), (_, b)) in first.named_parameters().Zip(second.named_parameters())) Tensors.Close(a, b, 0, name);
        foreach (var ((name, a), (_, b)) in first.named_parameters().Zip(narrow.named_parameters())) Tensors.Close(a, b, 1e-7, name);
        Assert.All(first.named_parameters().Zip(other.named_parameters()), p => Assert.NotEqual(p.First.parameter.Values(), p.Second.parameter.Values()));
    }

    [Fact]
    public void Weights_start_uniform_within_one_over_the_root_of_fan_in()
    {
        using WideLayer layer = new();
        var values = layer.Values;
        var bound = 1 / Math.Sqrt(64 * 9);
        Assert.InRange(values.Max(), 0.99 * bound, bound);
        Assert.InRange(values.Min(), -bound, -0.99 * bound);
        Assert.Equal(bound / Math.Sqrt(3), Math.Sqrt(values.Average(v => v * v)), 0.02 * bound);
        Assert.Equal(values.Length, values.Distinct().Count());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_image_has_the_same_features_in_any_batch(bool pooled)
    {
        using var scope = NewDisposeScope();
        using var block = Block(Small with { Pooled = pooled });
        var taps = Taps(3, pooled ? [] : [4, 3]);
        var all = block.Forward(taps[0], taps[1..]);
        for (var n = 0; n < 3; n++)
        {
            var one = block.Forward(taps[0].narrow(0, n, 1), [.. taps[1..].Select(t => t.narrow(0, n, 1))]);
            Tensors.Close(all.Features.narrow(1, n, 1), one.Features);
            Tensors.Close(all.Reconstructions[0].narrow(0, n, 1), one.Reconstructions[0]);
        }
    }

    [Fact]
    public void Features_are_not_negative_and_do_not_vanish()
    {
        using var scope = NewDisposeScope();
        using var block = Block();
        var taps = Taps(2, 4, 4);
        var values = block.Forward(taps[0], taps[1..]).Features.Values();
        Assert.All(values, v => Assert.True(v >= 0));
        Assert.Contains(values, v => v > 0.01);
    }

    [Fact]
    public void Half_precision_features_flow_over_wide_weights()
    {
        using var scope = NewDisposeScope();
        using var block = Block(dtype: ScalarType.Float32);
        var taps = Taps(2, 4, 4);
        var wide = block.Forward(taps[0].to_type(ScalarType.Float32), [.. taps[1..].Select(t => t.to_type(ScalarType.Float32))]);
        var half = block.Forward(taps[0].to_type(ScalarType.BFloat16), [.. taps[1..].Select(t => t.to_type(ScalarType.BFloat16))]);
        Assert.Equal(ScalarType.BFloat16, half.Features.dtype);
        Tensors.Close(wide.Features, half.Features, 0.02);
        half.Features.sum().backward();
        Assert.All(block.parameters().Take(8), p => Assert.Equal(ScalarType.Float32, p.grad!.dtype));
    }

    [Fact]
    public void Building_and_disposing_leaves_nothing_alive() => Tensors.LeavesNothingAlive(() =>
    {
        using var scope = NewDisposeScope();
        using var block = Block();
    });

    static string Describe((string name, TorchSharp.Modules.Parameter parameter) p) => $"{p.name} [{string.Join(", ", p.parameter.shape)}]";

    sealed class WideLayer : IDisposable
    {
        readonly BiasFreeLayer layer = new(64, 32, 3, new WeightSource(3, CPU, ScalarType.Float64));

        public double[] Values => layer.parameters().Single().Values();

        public void Dispose() => layer.Dispose();
    }
}
