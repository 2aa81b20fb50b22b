using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Exemplars;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Tests.Data;

public sealed class AugmentationTests : IDisposable
{
    readonly TempFolder folder = new();
    readonly ImageSet images;

    public AugmentationTests()
    {
        Samples.WriteIdxPair(folder, 2);
        images = Samples.Open(Samples.Source(SourceKind.Idx, folder.Path), 3, 2, 3);
    }

    [Fact]
    public void Half_of_the_images_are_mirrored_row_by_row()
    {
        byte[] canvas = Samples.Pattern(18);
        byte[] mirrored = [.. canvas.Chunk(3).SelectMany(row => row.Reverse())];
        List<byte[]> seen = [.. Enumerable.Range(0, 1000).Select(i => Apply([new FlipStep()], canvas, 1, i))];
        Assert.All(seen, s => Assert.True(s.SequenceEqual(canvas) || s.SequenceEqual(mirrored)));
        Assert.InRange(seen.Count(s => s.SequenceEqual(mirrored)), 450, 550);
    }

    [Fact]
    public void Crops_are_all_windows_of_the_padded_image_equally_often()
    {
        byte[] canvas = [.. Samples.Pattern(18).Select(v => (byte)Math.Max(v, (byte)1))];
        List<byte[]> windows = [];
        for (int top = -1; top <= 1; top++)
        {
            for (int left = -1; left <= 1; left++)
                windows.Add([.. Enumerable.Range(0, 18).Select(i => Padded(canvas, i / 6, i / 3 % 2 + top, i % 3 + left))]);
        }
        int[] counts = new int[9];
        for (int i = 0; i < 9000; i++)
        {
            byte[] seen = Apply([new CropStep(1)], canvas, 1, i);
            counts[windows.FindIndex(w => w.SequenceEqual(seen))]++;
        }
        Assert.All(counts, c => Assert.InRange(c, 890, 1110));
    }

    [Fact]
    public void A_padding_beyond_the_image_may_leave_only_zeros()
    {
        byte[] canvas = [.. Enumerable.Repeat((byte)7, 18)];
        Assert.Contains(Enumerable.Range(0, 100), i => Apply([new CropStep(50)], canvas, 1, i).All(v => v == 0));
    }

    [Fact]
    public void Steps_draw_independently_of_each_other_and_anew_each_epoch()
    {
        byte[] canvas = Samples.Pattern(18);
        Assert.Contains(Enumerable.Range(0, 100), i => !Apply([new FlipStep(), new FlipStep()], canvas, 1, i).SequenceEqual(canvas));
        Assert.Contains(Enumerable.Range(0, 100), i => !Apply([new FlipStep()], canvas, 1, i).SequenceEqual(Apply([new FlipStep()], canvas, 2, i)));
        Assert.Equal(Apply([new FlipStep(), new CropStep(1)], canvas, 3, 4), Apply([new FlipStep(), new CropStep(1)], canvas, 3, 4));
    }

    [Fact]
    public void A_random_mask_hides_its_share_of_squares_behind_the_mean_of_each_channel()
    {
        byte[] canvas = Samples.Pattern(18);
        byte[] means = [.. canvas.Chunk(6).Select(plane => (byte)Math.Round(plane.Average(b => b), MidpointRounding.AwayFromZero))];
        int[] hidden = new int[6];
        for (int i = 0; i < 4000; i++)
        {
            byte[] seen = Apply([new RandomMaskStep(0.3)], canvas, 1, i);
            for (int place = 0; place < 6; place++)
            {
                // A pixel is hidden in all channels or in none.
                byte[] shown = [.. Enumerable.Range(0, 3).Select(c => canvas[c * 6 + place])], got = [.. Enumerable.Range(0, 3).Select(c => seen[c * 6 + place])];
                Assert.True(got.SequenceEqual(shown) || got.SequenceEqual(means));
                hidden[place] += got.SequenceEqual(means) ? 1 : 0;
            }
        }
        Assert.All(hidden, h => Assert.InRange(h, 1100, 1300));
    }

    [Fact]
    public void An_even_epoch_shows_what_the_odd_one_before_it_hid()
    {
        byte[] canvas = Samples.Pattern(18);
        foreach (int image in Enumerable.Range(0, 50))
        {
            (byte[] first, byte[] second) = (Apply([new RandomMaskStep()], canvas, 5, image), Apply([new RandomMaskStep()], canvas, 6, image));
            Assert.All(Enumerable.Range(0, 18), i => Assert.True((first[i] == canvas[i]) != (second[i] == canvas[i]), $"image {image}, byte {i}"));
        }
        Assert.Contains(Enumerable.Range(0, 50), i => !Apply([new RandomMaskStep()], canvas, 5, i).SequenceEqual(Apply([new RandomMaskStep()], canvas, 7, i)));
    }

    [Fact]
    public void A_square_as_large_as_the_image_hides_all_of_it_or_nothing()
    {
        byte[] canvas = Samples.Pattern(18);
        byte[][] seen = [.. Enumerable.Range(0, 100).Select(i => Apply([new RandomMaskStep(0.5, 3)], canvas, 1, i))];
        Assert.All(seen, s => Assert.True(s.SequenceEqual(canvas) || s.Chunk(6).All(plane => plane.Distinct().Count() == 1)));
        Assert.InRange(seen.Count(s => s.SequenceEqual(canvas)), 35, 65);
    }

    [Fact]
    public void An_exemplar_step_draws_the_published_changes_anew_each_epoch_and_none_at_strength_zero()
    {
        byte[] canvas = Samples.Pattern(18);
        var seen = Enumerable.Range(0, 200).Select(i => Apply([new ExemplarStep()], canvas, 1, i)).ToArray();
        Assert.InRange(seen.Select(Convert.ToHexString).Distinct().Count(), 198, 200);
        Assert.Equal(seen[5], Apply([new ExemplarStep()], canvas, 1, 5));
        Assert.NotEqual(seen[5], Apply([new ExemplarStep()], canvas, 2, 5));
        Assert.NotEqual(Apply([new FlipStep(), new ExemplarStep()], [.. Enumerable.Repeat(canvas[..3], 6).SelectMany(row => row)], 1, 5), Apply([new ExemplarStep(), new FlipStep()], [.. Enumerable.Repeat(canvas[..3], 6).SelectMany(row => row)], 1, 5));
        Assert.All(Enumerable.Range(0, 50), i => Assert.Equal(canvas, Apply([new ExemplarStep(0)], canvas, 1, i)));

        double Distance(double strength) => Enumerable.Range(0, 100).Average(i => Apply([new ExemplarStep(strength)], canvas, 1, i).Zip(canvas).Average(p => Math.Abs(p.First - p.Second)));
        Assert.InRange(Distance(0.1), 1, Distance(0.5) - 5);
        Assert.True(Distance(1) > Distance(0.5) + 5);
    }

    [Fact]
    public void An_exemplar_step_is_the_change_that_is_drawn_by_the_colours_of_the_training_images()
    {
        byte[] canvas = Samples.Pattern(18), expected = new byte[18];
        ulong draw = Randomness.Draw(1, "augment/0", 3, 4);
        PublishedFamily.Draw((long)draw, 0, 0, 0.5).Apply(canvas, expected, new Canvas(3, 2, 3), ColourComponents.Of(images));
        Assert.Equal(expected, Apply([new ExemplarStep(0.5)], canvas, 3, 4));

        byte[] part = [.. canvas];
        new Augmentation([new ExemplarStep(0.5)], 1, images.Select([1]), images).Apply(part, new byte[18], 3, 4);
        Assert.Equal(expected, part);
    }

    [Fact]
    public void A_grey_image_on_a_colour_canvas_stays_grey_and_changes_as_on_a_grey_canvas()
    {
        byte[] plane = Samples.Pattern(6);
        ImageSet grey = Samples.Open(Samples.Source(SourceKind.Idx, folder.Path), 1, 2, 3);
        for (int i = 0; i < 100; i++)
        {
            byte[] colour = Apply([new ExemplarStep()], [.. plane, .. plane, .. plane], 1, i), alone = [.. plane];
            new Augmentation([new ExemplarStep()], 1, grey).Apply(alone, new byte[6], 1, i);
            Assert.Equal([.. alone, .. alone, .. alone], colour);
        }
    }

    static byte Padded(byte[] canvas, int channel, int row, int column) =>
        row is < 0 or > 1 || column is < 0 or > 2 ? (byte)0 : canvas[channel * 6 + row * 3 + column];

    byte[] Apply(AugmentStep[] steps, byte[] canvas, int epoch, int index)
    {
        byte[] copy = [.. canvas];
        new Augmentation(steps, 1, images).Apply(copy, new byte[18], epoch, index);
        return copy;
    }

    public void Dispose() => folder.Dispose();
}
