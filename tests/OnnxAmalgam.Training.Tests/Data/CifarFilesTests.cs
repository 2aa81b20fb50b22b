using OnnxAmalgam.Graphs;
using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Tests.Data;

public sealed class CifarFilesTests : IDisposable
{
    readonly TempFolder folder = new();

    [Fact]
    public void Cifar10_reads_its_five_files_in_order_with_names_from_the_meta_file()
    {
        for (int file = 1; file <= 5; file++)
            folder.Write($"cifar-10-batches-bin/data_batch_{file}.bin", [.. Record(file, [(byte)file]), .. Record(file + 10, [0])]);
        folder.Write("cifar-10-batches-bin/batches.meta.txt", "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n");
        ImageSet set = Samples.Open(Samples.Source(SourceKind.Cifar10, folder.Path), 3, 32, 32);
        Assert.Equal(10, set.Count);
        Assert.Equal(Record(3, []), Samples.Canvas(set, 4));
        Assert.Equal(Record(13, []), Samples.Canvas(set, 5));
        Assert.Equal(["automobile", "airplane", "bird"], Enumerable.Range(0, 3).Select(set.LabelOf));
        Assert.EndsWith("data_batch_5.bin#1", set.NameOf(9), StringComparison.Ordinal);
    }

    [Fact]
    public void Cifar100_has_a_fine_and_a_coarse_label()
    {
        folder.Write("test.bin", Record(1, [7, 42]));
        folder.Write("coarse_label_names.txt", string.Join('\n', Enumerable.Range(0, 20).Select(i => $"coarse {i}")));
        SourceRecipe source = Samples.Source(SourceKind.Cifar100, folder.Path) with { Split = "test" };
        Assert.Equal("coarse 7", Samples.Open(source with { Label = "coarse" }, 3, 32, 32).LabelOf(0));
        Assert.Equal("42", Samples.Open(source, 3, 32, 32).LabelOf(0));
        Assert.Equal(Record(1, []), Samples.Canvas(Samples.Open(source, 3, 32, 32), 0));
    }

    [Fact]
    public void Colour_becomes_grey()
    {
        folder.Write("test_batch.bin", [3, .. Enumerable.Repeat((byte)200, 1024), .. Enumerable.Repeat((byte)100, 1024), .. Enumerable.Repeat((byte)50, 1024)]);
        ImageSet set = Samples.Open(Samples.Source(SourceKind.Cifar10, folder.Path) with { Split = "test" }, 1, 32, 32);
        Assert.All(Samples.Canvas(set, 0), v => Assert.Equal(124, v));
    }

    [Fact]
    public void Damage_is_named_with_file_and_record()
    {
        SourceRecipe test = Samples.Source(SourceKind.Cifar10, folder.Path) with { Split = "test" };
        folder.Write("test_batch.bin", Record(1, [1]).AsSpan(0, 3072));
        Assert.Contains("multiple of 3073 bytes (one image each), got 3072", Message(test), StringComparison.Ordinal);
        folder.Write("test_batch.bin", [.. Record(1, [9]), .. Record(1, [10])]);
        Assert.Contains("record 1: expected a label below 10, got 10", Message(test), StringComparison.Ordinal);
        folder.Write("test_batch.bin", Record(1, [9]));
        folder.Write("batches.meta.txt", "a\nb\n");
        Assert.Contains("batches.meta.txt': expected 10 names, one a line, got 2", Message(test), StringComparison.Ordinal);
        folder.Write("data_batch_1.bin", Record(1, [9]));
        Assert.Contains("got no 'data_batch_2.bin', 'data_batch_3.bin', 'data_batch_4.bin', 'data_batch_5.bin'", Message(test with { Split = "train" }), StringComparison.Ordinal);
    }

    [Fact]
    public void The_recipe_may_rename_all_classes_or_none()
    {
        folder.Write("test_batch.bin", Record(1, [9]));
        SourceRecipe test = Samples.Source(SourceKind.Cifar10, folder.Path) with { Split = "test" };
        Assert.Equal("n9", Samples.Open(test with { Labels = [.. Enumerable.Range(0, 10).Select(i => $"n{i}")] }, 3, 32, 32).LabelOf(0));
        Assert.Contains("expected 10 names", Message(test with { Labels = ["a"] }), StringComparison.Ordinal);
    }

    static byte[] Record(int start, byte[] labels) => [.. labels, .. Samples.Pattern(3072, start)];

    static string Message(SourceRecipe source) => Assert.Throws<InputException>(() => Samples.Open(source, 3, 32, 32)).Message;

    public void Dispose() => folder.Dispose();
}
