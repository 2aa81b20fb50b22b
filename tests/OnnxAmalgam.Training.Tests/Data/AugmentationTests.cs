using OnnxAmalgam.Training.Data;
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
