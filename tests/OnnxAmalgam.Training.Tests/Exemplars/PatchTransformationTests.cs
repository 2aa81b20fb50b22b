using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Exemplars;

namespace OnnxAmalgam.Training.Tests.Exemplars;

public sealed class PatchTransformationTests
{
    static byte[] Noise(int count) => [.. Enumerable.Range(0, count).Select(i => (byte)Randomness.Draw(1, "patch", 0, i))];

    static byte[] Apply(PatchTransformation change, byte[] patch, Canvas size)
    {
        var changed = new byte[patch.Length];
        change.Apply(patch, changed, size, ColourComponents.Of(new Fixed(patch, size)));
        return changed;
    }

    [Fact]
    public void Without_a_change_every_byte_stays()
    {
        var patch = Noise(3 * 7 * 5);
        Assert.Equal(patch, Apply(new(), patch, new(3, 7, 5)));
    }

    [Fact]
    public void A_move_by_whole_pixels_mirrors_what_comes_from_outside()
    {
        byte[] row = [10, 20, 30, 40];
        Assert.Equal([20, 10, 20, 30], Apply(new() { Right = 0.25 }, row, new(1, 1, 4)));
        Assert.Equal([30, 40, 30, 20], Apply(new() { Right = -0.5 }, row, new(1, 1, 4)));
        Assert.Equal([20, 10, 20, 30], Apply(new() { Down = 0.25 }, row, new(1, 4, 1)));
        Assert.Equal([15, 15, 25, 35], Apply(new() { Right = 0.125 }, row, new(1, 1, 4)));
    }

    [Fact]
    public void A_half_turn_reverses_and_a_quarter_turn_exchanges_the_axes()
    {
        var patch = Noise(25);
        Assert.Equal(patch.Reverse(), Apply(new() { Angle = 180 }, patch, new(1, 5, 5)));
        var quarter = Apply(new() { Angle = 90 }, patch, new(1, 5, 5));
        Assert.Equal(Enumerable.Range(0, 25).Select(i => patch[((4 - (i % 5)) * 5) + (i / 5)]), quarter);
    }

    [Fact]
    public void A_scale_of_two_shows_the_middle_half()
    {
        byte[] row = [0, 10, 20, 30, 40];
        Assert.Equal([10, 15, 20, 25, 30], Apply(new() { Scale = 2 }, row, new(1, 1, 5)));
    }

    [Fact]
    public void Equal_factors_of_all_components_stretch_colours_from_their_mean()
    {
        byte[] patch = [100, 120, 50, 70, 200, 180]; // two pixels; means 110, 60, 190
        Assert.Equal([90, 130, 40, 80, 210, 170], Apply(new() { Components = (2, 2, 2) }, patch, new(3, 1, 2)));
        byte[] grey = [100, 140];
        Assert.Equal([110, 130], Apply(new() { Components = (0.5, 9, 9) }, grey, new(1, 1, 2)));
    }

    [Fact]
    public void A_factor_of_the_first_component_alone_stretches_along_the_direction_of_most_variance()
    {
        byte[] patch = [100, 120, 100, 120, 77, 77]; // varies along (1, 1, 0) only
        Assert.Equal([105, 115, 105, 115, 77, 77], Apply(new() { Components = (0.5, 1, 1) }, patch, new(3, 1, 2)));
        Assert.Equal(patch, Apply(new() { Components = (1, 2, 2) }, patch, new(3, 1, 2)));
    }

    [Fact]
    public void Hue_goes_round_from_red_by_green_to_blue_and_leaves_grey_alone()
    {
        byte[] red = [200, 0, 0];
        Assert.Equal([0, 200, 0], Apply(new() { Hue = 1 / 3.0 }, red, new(3, 1, 1)));
        Assert.Equal([0, 0, 200], Apply(new() { Hue = 2 / 3.0 }, red, new(3, 1, 1)));
        Assert.Equal([200, 200, 0], Apply(new() { Hue = 1 / 6.0 }, red, new(3, 1, 1)));
        Assert.Equal([77, 77, 77], Apply(new() { Hue = 0.1 }, [77, 77, 77], new(3, 1, 1)));
        var any = Noise(3 * 16 * 16);
        Assert.Equal(any, Apply(new() { Hue = 1 }, any, new(3, 16, 16)));
    }

    [Fact]
    public void Value_and_saturation_follow_their_curves()
    {
        // 102/255 = 0.4: 0.4^2 * 0.5 + 0.1 = 0.18
        Assert.Equal([46], Apply(new() { Value = new(2, 0.5, 0.1) }, [102], new(1, 1, 1)));
        // value 200, saturation 1/2 -> 1/4
        Assert.Equal([200, 150, 150], Apply(new() { Saturation = ToneCurve.None with { Power = 2 } }, [200, 100, 100], new(3, 1, 1)));
        Assert.Equal([255], Apply(new() { Value = new(1, 1.4, 0.1) }, [250], new(1, 1, 1)));
    }

    [Fact]
    public void Drawn_changes_lie_within_the_published_magnitudes_and_fill_them()
    {
        var drawn = Enumerable.Range(0, 50).SelectMany(i => Enumerable.Range(0, 40).Select(k => PublishedFamily.Draw(3, i, k))).ToArray();
        Assert.Equal(drawn.Length, drawn.Distinct().Count());
        void Fills(Func<PatchTransformation, double> value, double least, double most)
        {
            Assert.InRange(drawn.Min(value), least, least + ((most - least) * 0.02));
            Assert.InRange(drawn.Max(value), most - ((most - least) * 0.02), most);
        }
        Fills(t => t.Right, -0.2, 0.2);
        Fills(t => t.Down, -0.2, 0.2);
        Fills(t => t.Scale, 0.7, 1.4);
        Fills(t => t.Angle, -20, 20);
        Fills(t => t.Components.First, 0.5, 2);
        Fills(t => t.Components.Third, 0.5, 2);
        Fills(t => t.Saturation.Power, 0.25, 4);
        Fills(t => t.Value.Factor, 0.7, 1.4);
        Fills(t => t.Value.Offset, -0.1, 0.1);
        Fills(t => t.Hue, -0.1, 0.1);
        drawn = [.. Enumerable.Range(0, 2000).Select(i => PublishedFamily.Draw(3, i, 0, 0.5))];
        Fills(t => t.Right, -0.1, 0.1);
        Fills(t => t.Scale, Math.Sqrt(0.7), Math.Sqrt(1.4));
        Fills(t => t.Components.Second, Math.Sqrt(0.5), Math.Sqrt(2));
        Fills(t => t.Saturation.Power, 0.5, 2);
        Fills(t => t.Value.Offset, -0.05, 0.05);
        Assert.Equal(new PatchTransformation(), PublishedFamily.Draw(3, 7, 5, 0));
        Assert.Equal(PublishedFamily.Draw(3, 7, 5), PublishedFamily.Draw(3, 7, 5, 1));
        Assert.Equal(PublishedFamily.Draw(3, 7, 5), PublishedFamily.Draw(3, 7, 5));
        Assert.NotEqual(PublishedFamily.Draw(4, 7, 5), PublishedFamily.Draw(3, 7, 5));
    }

    [Fact]
    public void A_patch_of_three_equal_channels_is_changed_as_one_channel_is()
    {
        byte[] grey = Noise(35), wide = [.. grey, .. grey, .. grey];
        foreach (var change in Enumerable.Range(0, 20).Select(i => PublishedFamily.Draw(5, i, 0)))
        {
            byte[] one = Apply(change, grey, new(1, 7, 5));
            Assert.Equal([.. one, .. one, .. one], Apply(change, wide, new(3, 7, 5)));
        }
    }

    /// <summary>One image.</summary>
    sealed class Fixed(byte[] pixels, Canvas size) : ImageSet
    {
        public override int Count => 1;
        public override int Channels => size.Channels;
        public override int Height => size.Height;
        public override int Width => size.Width;
        public override int SourceOf(int index) => 0;
        public override string? LabelOf(int index) => null;
        public override string NameOf(int index) => "patch";
        public override void Read(int index, Span<byte> canvas) => pixels.CopyTo(canvas);
    }
}
