using OnnxAmalgam.Graphs;
using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Tests.Data;

public sealed class SelectionTests : IDisposable
{
    readonly TempFolder folder = new();
    readonly byte[] pixels;

    public SelectionTests() => pixels = Samples.WriteIdxPair(folder, 100);

    SourceRecipe Source => Samples.Source(SourceKind.Idx, folder.Path);

    [Theory]
    [InlineData(0, 0.29, 0, 29)] // 0.29 * 100 is 28.999999999999996 in binary
    [InlineData(0.29, 1, 29, 71)]
    [InlineData(0.9, 1, 90, 10)]
    [InlineData(0.105, 0.119, 10, 1)]
    [InlineData(0, 1, 0, 100)]
    public void A_part_is_half_open_with_both_ends_rounded_down(double from, double to, int first, int count) =>
        Assert.Equal(Enumerable.Range(first, count), Records(Source with { Part = (from, to) }));

    [Fact]
    public void Parts_that_meet_are_a_partition()
    {
        double[] ends = [0, 0.017, 0.1, 0.3, 1.0 / 3, 0.7, 0.999, 1];
        Assert.Equal(Enumerable.Range(0, 100), ends.Zip(ends.Skip(1)).SelectMany(p => Records(Source with { Part = p }, mayBeEmpty: true)));
    }

    [Fact]
    public void Part_comes_first_then_classes_then_limit() =>
        Assert.Equal([53, 57, 63], Records(Source with { Part = (0.5, 1), Classes = ["7", "3"], Limit = 3 }));

    [Fact]
    public void Classes_use_the_recipes_names() =>
        Assert.Equal([9, 19], Records(Source with { Labels = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"], Classes = ["j"], Limit = 2 }));

    [Fact]
    public void What_cannot_be_selected_is_said()
    {
        Assert.Contains("got 'x', 'y'", Message(Source with { Classes = ["1", "x", "y"] }), StringComparison.Ordinal);
        Assert.Contains("in part 0.01..0.02 of 100 with classes '7', got none", Message(Source with { Part = (0.01, 0.02), Classes = ["7"] }), StringComparison.Ordinal);
        Assert.Contains("got 0.5..0.5", Message(Source with { Part = (0.5, 0.5) }), StringComparison.Ordinal);
        Assert.Contains("got 0..1.5", Message(Source with { Part = (0, 1.5) }), StringComparison.Ordinal);
        Assert.Contains("limit: expected a positive number, got 0", Message(Source with { Limit = 0 }), StringComparison.Ordinal);
    }

    [Fact]
    public void A_subset_shows_the_chosen_images_in_the_chosen_order()
    {
        ImageSet whole = ImageSet.Open([Source with { Limit = 5 }, Source with { Part = (0.5, 1) }], 1, 2, 3, _ => { });
        ImageSet some = whole.Select([54, 5, 0]);
        Assert.Equal(3, some.Count);
        Assert.Equal([pixels[594..600], pixels[300..306], pixels[..6]], Enumerable.Range(0, 3).Select(i => Samples.Canvas(some, i)));
        Assert.Equal([1, 1, 0], Enumerable.Range(0, 3).Select(some.SourceOf));
        Assert.Equal(["9", "0", "0"], Enumerable.Range(0, 3).Select(some.LabelOf));
        Assert.EndsWith("#50", some.NameOf(1), StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => whole.SourceOf(55));
        Assert.Throws<ArgumentOutOfRangeException>(() => whole.LabelOf(-1));
    }

    static int[] Records(SourceRecipe source, bool mayBeEmpty = false)
    {
        try
        {
            ImageSet set = Samples.Open(source, 1, 2, 3);
            return [.. Enumerable.Range(0, set.Count).Select(i => int.Parse(set.NameOf(i).Split('#')[1], System.Globalization.CultureInfo.InvariantCulture))];
        }
        catch (InputException) when (mayBeEmpty)
        {
            return [];
        }
    }

    static string Message(SourceRecipe source) => Assert.Throws<InputException>(() => Samples.Open(source, 1, 2, 3)).Message;

    public void Dispose() => folder.Dispose();
}
