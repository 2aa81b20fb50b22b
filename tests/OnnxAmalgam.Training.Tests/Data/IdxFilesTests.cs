using OnnxAmalgam.Graphs;
using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Tests.Data;

public sealed class IdxFilesTests : IDisposable
{
    readonly TempFolder folder = new();

    SourceRecipe Source => Samples.Source(SourceKind.Idx, folder.Path);

    [Fact]
    public void A_pair_gives_its_pixels_labels_and_names()
    {
        byte[] pixels = Samples.WriteIdxPair(folder, 12);
        ImageSet set = Samples.Open(Source, 1, 2, 3);
        Assert.Equal((12, 1, 2, 3), (set.Count, set.Channels, set.Height, set.Width));
        Assert.Equal(pixels, Enumerable.Range(0, 12).SelectMany(i => Samples.Canvas(set, i)));
        Assert.Equal(["0", "9", "1"], new[] { 0, 9, 11 }.Select(set.LabelOf));
        Assert.EndsWith("train-images-idx3-ubyte#11", set.NameOf(11), StringComparison.Ordinal);
    }

    [Fact]
    public void Gzipped_and_plain_files_are_the_same_set()
    {
        byte[] pixels = Samples.Pattern(18);
        folder.Write("t10k-images-idx3-ubyte.gz", Samples.Gzip(Samples.Idx(pixels, 3, 2, 3)));
        folder.Write("t10k-labels-idx1-ubyte", Samples.Idx([2, 0, 1], 3));
        ImageSet set = Samples.Open(Source with { Split = "test", Labels = ["x", "y", "z"] }, 1, 2, 3);
        Assert.Equal(pixels, Enumerable.Range(0, 3).SelectMany(i => Samples.Canvas(set, i)));
        Assert.Equal(["z", "x", "y"], Enumerable.Range(0, 3).Select(set.LabelOf));
    }

    [Theory]
    [InlineData(new[] { 2, 3, 2, 2 }, false)]
    [InlineData(new[] { 2, 2, 2, 3 }, true)]
    public void Rank_four_holds_colour_in_either_order(int[] shape, bool interleaved)
    {
        byte[] data = Samples.Pattern(24);
        folder.Write("train-images-idx4-ubyte", Samples.Idx(data, shape));
        ImageSet set = Samples.Open(Source, 3, 2, 2);
        byte[] first = interleaved ? [.. Enumerable.Range(0, 12).Select(i => data[i % 4 * 3 + i / 4])] : data[..12];
        Assert.Equal(first, Samples.Canvas(set, 0));
        Assert.Null(set.LabelOf(0));
    }

    [Fact]
    public void Grey_is_repeated_and_another_size_is_resized()
    {
        folder.Write("train-images-idx3-ubyte", Samples.Idx(ResamplerTests.Source, 1, 7, 11));
        byte[] canvas = Samples.Canvas(Samples.Open(Source, 3, 10, 15), 0);
        // 15x10 covers with 15.7 -> 15 columns: Pillow's numbers with nothing cut.
        Assert.Equal([.. ResamplerTests.Grown, .. ResamplerTests.Grown, .. ResamplerTests.Grown], canvas);
    }

    [Fact]
    public void Every_truncation_of_either_file_is_refused()
    {
        Samples.WriteIdxPair(folder, 2);
        foreach (string name in new[] { "train-images-idx3-ubyte", "train-labels-idx1-ubyte" })
        {
            byte[] whole = File.ReadAllBytes(Path.Combine(folder.Path, name));
            for (int length = 0; length < whole.Length; length++)
            {
                folder.Write(name, whole.AsSpan(0, length));
                Assert.Contains(name, Assert.Throws<InputException>(() => Samples.Open(Source, 1, 2, 3)).Message, StringComparison.Ordinal);
            }
            folder.Write(name, [.. whole, 0]);
            Assert.Contains("fetch the file again", Assert.Throws<InputException>(() => Samples.Open(Source, 1, 2, 3)).Message, StringComparison.Ordinal);
            folder.Write(name, whole);
        }
    }

    [Fact]
    public void Every_truncation_of_a_gzip_file_is_refused()
    {
        byte[] whole = Samples.Gzip(Samples.Idx(Samples.Pattern(600), 100, 2, 3));
        for (int length = 0; length < whole.Length; length++)
        {
            folder.Write("train-images-idx3-ubyte.gz", whole.AsSpan(0, length));
            Assert.Throws<InputException>(() => Samples.Open(Source, 1, 2, 3));
        }
    }

    [Fact]
    public void A_gzip_file_that_holds_more_or_less_than_declared_is_refused()
    {
        folder.Write("train-images-idx3-ubyte.gz", Samples.Gzip([.. Samples.Idx(new byte[12], 2, 2, 3), 0]));
        Assert.Contains("2 images of 2x3 = 28 bytes, got more", Message(), StringComparison.Ordinal);
        folder.Write("train-images-idx3-ubyte.gz", Samples.Gzip(Samples.Idx(new byte[11], 2, 2, 3)));
        Assert.Contains("2 images of 2x3 = 28 bytes, got 27; fetch the file again", Message(), StringComparison.Ordinal);
        folder.Write("train-images-idx3-ubyte.gz", Samples.Gzip(Samples.Idx([], 30000, 256, 256)));
        Assert.Contains("cannot hold", Message(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_byte_in_a_gzip_file_is_refused()
    {
        byte[] file = Samples.Gzip(Samples.Idx(Samples.Pattern(600), 100, 2, 3));
        file[^6] ^= 1; // in the checksum
        folder.Write("train-images-idx3-ubyte.gz", file);
        Assert.Contains("intact gzip", Message(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new byte[] { 1, 0, 8, 3 }, "00 00 08")]
    [InlineData(new byte[] { 0, 0, 13, 3 }, "type 0D of rank 3")]
    [InlineData(new byte[] { 0, 0, 8, 2 }, "type 08 of rank 2")]
    [InlineData(new byte[] { 0, 0, 8, 3, 0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF }, "at most")]
    [InlineData(new byte[] { 0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0 }, "1 of 0x0")]
    [InlineData(new byte[] { 0, 0, 8, 3, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 2 }, "0 of 2x2")]
    [InlineData(new byte[] { 0, 0, 8, 4, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 1, 1, 1 }, "1x2x1x2")]
    public void A_strange_header_is_named(byte[] file, string expected)
    {
        folder.Write("train-images-idx3-ubyte", file);
        Assert.Contains(expected, Message(), StringComparison.Ordinal);
    }

    [Fact]
    public void Labels_must_be_as_many_as_images_and_below_the_number_of_names()
    {
        Samples.WriteIdxPair(folder, 5);
        Assert.Contains("record 2: expected a label below 2", Assert.Throws<InputException>(() => Samples.Open(Source with { Labels = ["a", "b"] }, 1, 2, 3)).Message, StringComparison.Ordinal);
        folder.Write("train-labels-idx1-ubyte", Samples.Idx([1, 2, 3, 4], 4));
        Assert.Contains("expected 5 labels", Message(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_or_folder_is_said()
    {
        Assert.Contains("train-images-idx3-ubyte.gz, got neither", Message(), StringComparison.Ordinal);
        SourceRecipe absent = Samples.Source(SourceKind.Idx, Path.Combine(folder.Path, "absent"));
        Assert.Contains("no such folder", Assert.Throws<InputException>(() => Samples.Open(absent, 1, 2, 3)).Message, StringComparison.Ordinal);
    }

    string Message() => Assert.Throws<InputException>(() => Samples.Open(Source, 1, 2, 3)).Message;

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Names_for_labels_that_are_not_there_are_refused()
    {
        folder.Write("train-images-idx3-ubyte", Samples.Idx(Samples.Pattern(18), 3, 2, 3));
        Assert.Contains("labels: expected a source with labels to name, got one without", Assert.Throws<InputException>(() => Samples.Open(Source with { Labels = ["x"] }, 1, 2, 3)).Message, StringComparison.Ordinal);
    }
}
