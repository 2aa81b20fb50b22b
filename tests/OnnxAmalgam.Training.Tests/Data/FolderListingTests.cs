using OnnxAmalgam.Graphs;
using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Recipes;
using SkiaSharp;

namespace OnnxAmalgam.Training.Tests.Data;

public sealed class FolderListingTests : IDisposable
{
    readonly TempFolder folder = new();
    readonly List<string> warnings = [];

    SourceRecipe Source => Samples.Source(SourceKind.Folder, folder.Path);

    [Fact]
    public void Files_come_in_ordinal_order_of_their_paths_with_the_top_folder_as_class()
    {
        foreach ((string name, int grey) in new[] { ("b/2.png", 4), ("a/z/10.png", 2), ("a/z/9.png", 3), ("B/x.png", 1), ("plain.png", 5) })
            folder.Write(name, Grey(grey));
        ImageSet set = Open();
        Assert.Equal([1, 2, 3, 4, 5], Enumerable.Range(0, 5).Select(i => (int)Samples.Canvas(set, i)[0]));
        Assert.Equal(["B", "a", "a", "b", null], Enumerable.Range(0, 5).Select(set.LabelOf));
        Assert.Equal(Path.Combine(folder.Path, "a/z/10.png"), set.NameOf(1));
        Assert.Equal(["x", "y", "y", "z", null], Enumerable.Range(0, 5).Select(Open(Source with { Labels = ["x", "y", "z"] }).LabelOf));
    }

    [Fact]
    public void A_plain_folder_has_no_labels()
    {
        folder.Write("1.png", Grey(1));
        Assert.Null(Open().LabelOf(0));
        Assert.Contains("expected a source with labels", Assert.Throws<InputException>(() => Open(Source with { Classes = ["1"] })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_extension_decides_nothing_about_the_format()
    {
        folder.Write("1.png", Samples.Plain(new(80, 80, 80), SKEncodedImageFormat.Jpeg));
        folder.Write("2.JPG", Grey(81));
        folder.Write("3", Samples.Plain(new(82, 82, 82), SKEncodedImageFormat.Webp));
        ImageSet set = Open();
        Assert.All(Enumerable.Range(0, 3), i => Assert.InRange(Samples.Canvas(set, i)[0], 78, 84));
    }

    [Fact]
    public void Hidden_names_are_skipped_and_other_files_are_mentioned_once()
    {
        folder.Write("a/1.png", Grey(1));
        folder.Write("a/._1.png", "no image");
        folder.Write(".cache/2.png", "no image");
        folder.Write("notes.txt", "hello");
        folder.Write("a/Thumbs.db", "hello");
        Assert.Equal(1, Open().Count);
        Assert.Contains("2 files are no images by their extension", Assert.Single(warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Links_are_not_followed_and_said()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "symbolic links need a privilege on Windows");
        folder.Write("a/1.png", Grey(1));
        File.CreateSymbolicLink(Path.Combine(folder.Path, "a/link.png"), Path.Combine(folder.Path, "a/1.png"));
        Directory.CreateSymbolicLink(Path.Combine(folder.Path, "loop"), folder.Path);
        Assert.Equal(1, Open().Count);
        Assert.Contains("2 links are not followed, the first is 'a/link.png'", Assert.Single(warnings), StringComparison.Ordinal);

        File.Delete(Path.Combine(folder.Path, "a/1.png"));
        Assert.Contains("got 2 links ('a/link.png', ...)", Assert.Throws<InputException>(() => Open()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_csv_source_reads_what_links_stand_for()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "symbolic links need a privilege on Windows");
        folder.Write("1.png", Grey(7));
        File.CreateSymbolicLink(Path.Combine(folder.Path, "link.png"), Path.Combine(folder.Path, "1.png"));
        folder.Write("images.csv", "path\nlink.png\n");
        var source = Samples.Source(SourceKind.Csv, Path.Combine(folder.Path, "images.csv"));
        Assert.Equal(7, Samples.Canvas(ImageSet.Open([source], 1, 4, 4, warnings.Add), 0)[0]);
    }

    [Fact]
    public void One_damaged_file_in_a_hundred_is_named_once_and_left_out()
    {
        for (int i = 0; i < 100; i++)
            folder.Write($"{i:000}.png", i == 42 ? Grey(i)[..40] : Grey(i));
        ImageSet set = ImageSet.Open([Source, Source], 1, 4, 4, warnings.Add);
        Assert.Equal(198, set.Count);
        Assert.Equal([41, 43], new[] { 41, 42 }.Select(i => (int)Samples.Canvas(set, i)[0]));
        Assert.EndsWith("043.png", set.NameOf(42), StringComparison.Ordinal);
        Assert.Equal([0, 0, 1, 1], new[] { 0, 98, 99, 197 }.Select(set.SourceOf));
        Assert.Contains("042.png", Assert.Single(warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_file_moves_no_boundary_of_a_part()
    {
        for (int i = 0; i < 200; i++)
            folder.Write($"{i:000}.png", i == 3 ? Grey(i)[..40] : Grey(i));
        Assert.Equal(99, Open(Source with { Part = (0, 0.5) }).Count);
        Assert.Equal(100, Samples.Canvas(Open(Source with { Part = (0.5, 1) }), 0)[0]);
    }

    [Fact]
    public void More_than_one_in_a_hundred_stops_with_names()
    {
        for (int i = 0; i < 100; i++)
            folder.Write($"{i:000}.png", i is 42 or 43 ? "GIF89a"u8 : Grey(i));
        string message = Assert.Throws<InputException>(() => Open()).Message;
        Assert.Contains("got 2 that are not", message, StringComparison.Ordinal);
        Assert.Contains("042.png", message, StringComparison.Ordinal);
        Assert.Contains("043.png", message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_does_not_fit_in_memory_is_decoded_again_to_the_same_bytes()
    {
        for (int i = 0; i < 10; i++)
            folder.Write($"{i}.png", Grey(i * 20));
        ImageSet kept = Open();
        ImageSet partly = ImageSet.Open([Source], 1, 4, 4, warnings.Add, memoryBytes: 3 * 16);
        Assert.All(Enumerable.Range(0, 10), i => Assert.Equal(Samples.Canvas(kept, i), Samples.Canvas(partly, i)));
        File.Delete(Path.Combine(folder.Path, "2.png"));
        File.Delete(Path.Combine(folder.Path, "3.png"));
        Assert.Equal(40, Samples.Canvas(partly, 2)[0]);
        Assert.Contains("3.png", Assert.Throws<InputException>(() => Samples.Canvas(partly, 3)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Empty_missing_and_imageless_folders_are_told_apart()
    {
        Assert.Contains("got an empty folder", Assert.Throws<InputException>(() => Open()).Message, StringComparison.Ordinal);
        folder.Write("notes.txt", "hello");
        Assert.Contains("got 1 other files ('notes.txt'", Assert.Throws<InputException>(() => Open()).Message, StringComparison.Ordinal);
        SourceRecipe absent = Samples.Source(SourceKind.Folder, Path.Combine(folder.Path, "absent"));
        Assert.Contains("got no such folder", Assert.Throws<InputException>(() => Open(absent)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void One_file_can_be_read_alone()
    {
        Assert.All(ImageSet.ReadFile(folder.Write("1.png", Grey(9)), 3, 2, 2), v => Assert.Equal(9, v));
        string broken = folder.Write("2.png", "nothing");
        Assert.Contains("2.png': expected JPEG", Assert.Throws<InputException>(() => ImageSet.ReadFile(broken, 3, 2, 2)).Message, StringComparison.Ordinal);
    }

    ImageSet Open(SourceRecipe? source = null) => Samples.Open(source ?? Source, 1, 4, 4, warnings.Add);

    static byte[] Grey(int value) => Samples.Plain(new((byte)value, (byte)value, (byte)value));

    public void Dispose() => folder.Dispose();
}
