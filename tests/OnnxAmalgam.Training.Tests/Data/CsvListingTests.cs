using OnnxAmalgam.Graphs;
using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Tests.Data;

public sealed class CsvListingTests : IDisposable
{
    readonly TempFolder folder = new();

    public CsvListingTests()
    {
        for (int i = 0; i < 3; i++)
            folder.Write($"images/{i}, copy.png", Samples.Plain(new((byte)i, (byte)i, (byte)i)));
    }

    [Fact]
    public void Rows_are_images_in_file_order_relative_to_the_file()
    {
        ImageSet set = Open("id,label,path\n7,dog,\"images/2, copy.png\"\n8,cat,\"images/0, copy.png\"\n9,,\"images/1, copy.png\"\n");
        Assert.Equal([2, 0, 1], Enumerable.Range(0, 3).Select(i => (int)Samples.Canvas(set, i)[0]));
        Assert.Equal(["dog", "cat", null], Enumerable.Range(0, 3).Select(set.LabelOf));
    }

    [Fact]
    public void Labels_rename_in_ordinal_order_and_numbers_are_indices()
    {
        const string text = "path,label\n\"images/0, copy.png\",dog\n\"images/1, copy.png\",cat\n";
        Assert.Equal("hound", Open(text, ["kitten", "hound"]).LabelOf(0));
        Assert.Equal("b", Open("path,label\n\"images/0, copy.png\",1\n", ["a", "b"]).LabelOf(0));
        Assert.Contains("expected 2 names", Assert.Throws<InputException>(() => Open(text, ["a"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_label_column_is_not_needed() => Assert.Null(Open("path\n\"images/0, copy.png\"\n").LabelOf(0));

    [Theory]
    [InlineData("", "header")]
    [InlineData("image,label\nx.png,1\n", "got 'image,label'")]
    [InlineData("path,label\n", "at least one row")]
    [InlineData("path,label\na.png,1\nb.png\n", "line 3")]
    [InlineData("path,label\na.png,1\n,2\n", "line 3: expected a path")]
    [InlineData("path,label\n\"a.png,1\n", "line 2")]
    [InlineData("path,label\nabsent.png,1\n", "absent.png': there is no such file")]
    public void What_is_wrong_is_named(string text, string expected) =>
        Assert.Contains(expected, Assert.Throws<InputException>(() => Open(text)).Message, StringComparison.Ordinal);

    ImageSet Open(string text, string[]? labels = null) => Samples.Open(Samples.Source(SourceKind.Csv, folder.Write("list.csv", text)) with { Labels = labels }, 1, 4, 4);

    public void Dispose() => folder.Dispose();
}
