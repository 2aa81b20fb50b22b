using OnnxAmalgam.Training.Quality;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Quality;

public sealed class LinearProbeTests
{
    [Fact]
    public void What_the_features_hold_is_read_whole_and_noise_tells_nothing()
    {
        using var scope = NewDisposeScope();
        Tensor brightness = Tensors.Random(1, 300, 1), noise = Tensors.Random(2, 300, 8), offset = Tensors.Random(3, 300, 2);
        // mixed with the noise by a map that can be undone, and at scales far apart
        Tensor mixed = cat([brightness, noise], 1).mm(Tensors.Random(4, 9, 9)) * tensor(new[] { 1e-3, 1, 1e3, 1, 1, 1, 1, 1, 1 });
        double?[] read = LinearProbe.HeldOutR2(mixed, brightness * 40 + 100, offset);
        Assert.Equal(1, read[0]!.Value, 1e-6);
        Assert.InRange(read[1]!.Value, -0.1, 0.03);
        Assert.InRange(LinearProbe.HeldOutR2(noise, brightness)[0]!.Value, -0.1, 0.03);
    }

    [Fact]
    public void As_many_features_as_images_explain_the_fitted_images_only()
    {
        using var scope = NewDisposeScope();
        foreach (int features in (int[])[80, 100, 400])
        {
            double[] read = [.. Enumerable.Range(0, 9).Select(i => LinearProbe.HeldOutR2(Tensors.Random(5 + 20 * i, 100, features), Tensors.Random(6 + 20 * i, 100, 1))[0]!.Value).Order()];
            Assert.InRange(read[4], -0.02, 0.02);
            Assert.InRange(read[^1], -0.02, 0.2);
        }
    }

    [Fact]
    public void A_quantity_of_which_half_is_noise_is_read_by_half_and_columns_are_judged_together()
    {
        using var scope = NewDisposeScope();
        Tensor first = Tensors.Random(7, 4000, 1), noise = Tensors.Random(8, 4000, 1), features = cat([first, Tensors.Random(9, 4000, 3)], 1);
        double?[] read = LinearProbe.HeldOutR2(features, first + noise, cat([first, noise], 1), cat([first, 3 * noise], 1));
        Assert.Equal(0.5, read[0]!.Value, 0.05);
        Assert.Equal(0.5, read[1]!.Value, 0.05);
        Assert.Equal(0.1, read[2]!.Value, 0.02);
    }

    [Fact]
    public void Dead_units_change_nothing_and_what_does_not_vary_or_is_too_little_has_no_share()
    {
        using var scope = NewDisposeScope();
        Tensor features = Tensors.Random(10, 60, 4), target = Tensors.Random(11, 60, 1) + features.narrow(1, 0, 1);
        double alone = LinearProbe.HeldOutR2(features, target)[0]!.Value;
        Assert.Equal(alone, LinearProbe.HeldOutR2(cat([features, full([60, 2], 0.1)], 1), target)[0]!.Value, 1e-9);
        double?[] beside = LinearProbe.HeldOutR2(features, zeros(60, 2), target);
        Assert.Null(beside[0]);
        Assert.Equal(alone, beside[1]!.Value, 1e-9);
        Assert.Equal([null, null], LinearProbe.HeldOutR2(features.narrow(0, 0, LinearProbe.LeastImages - 1), target.narrow(0, 0, LinearProbe.LeastImages - 1), target.narrow(0, 0, LinearProbe.LeastImages - 1)));
        Assert.Equal(1, LinearProbe.HeldOutR2(features.narrow(0, 0, LinearProbe.LeastImages), features.narrow(0, 0, LinearProbe.LeastImages))[0]!.Value, 1e-6);
    }
}
