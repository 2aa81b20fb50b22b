using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Tests.Recipes;

public sealed class ByteSizeTests
{
    [Theory]
    [InlineData("1B", 1L)]
    [InlineData("500MB", 500_000_000L)]
    [InlineData("1.5GB", 1_500_000_000L)]
    [InlineData("2TB", 2_000_000_000_000L)]
    [InlineData("0.0005KB", null)]
    [InlineData("4", null)]
    [InlineData("4 GB", null)]
    [InlineData("-4GB", null)]
    [InlineData("GB", null)]
    [InlineData("99999999999TB", null)]
    public void A_size_is_a_number_and_a_unit(string text, long? bytes) => Assert.Equal(bytes, ByteSize.Parse(text));

    [Theory]
    [InlineData(4_000_000_000L, "4GB", "4 GB")]
    [InlineData(1_500_000_000L, "1500MB", "1.5 GB")]
    [InlineData(1_234_567L, "1234567B", "1.2 MB")]
    [InlineData(7L, "7B", "7 B")]
    public void It_is_written_exactly_for_the_recipe_and_roughly_for_people(long bytes, string exact, string rounded) =>
        Assert.Equal((exact, rounded), (ByteSize.Exact(bytes), ByteSize.Rounded(bytes)));
}
