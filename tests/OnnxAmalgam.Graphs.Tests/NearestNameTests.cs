namespace OnnxAmalgam.Graphs.Tests;

public sealed class NearestNameTests
{
    static readonly string[] Names = ["learning_rate", "weight_decay", "layer1", "layer10", "Layer2", "logits", ""];

    [Theory]
    [InlineData("learning-rate", "learning_rate")]
    [InlineData("learningrate", "learning_rate")]
    [InlineData("wieght_decay", "weight_decay")]
    [InlineData("LOGITS", "logits")]
    [InlineData("layer2", "Layer2")]
    [InlineData("layer01", "layer1")]
    [InlineData("layer1", "layer1")]
    public void A_slip_finds_what_was_meant(string written, string meant)
    {
        Assert.Equal(meant, NearestName.To(written, Names));
        Assert.Equal($"; closest: '{meant}'", NearestName.Hint(written, Names));
    }

    [Theory]
    [InlineData("zzzzzz")]
    [InlineData("")]
    public void What_resembles_nothing_gets_no_hint(string written)
    {
        Assert.Null(NearestName.To(written, Names));
        Assert.Equal("", NearestName.Hint(written, Names));
        Assert.Null(NearestName.To("anything", []));
    }

    [Fact]
    public void Of_equally_near_names_the_first_in_the_alphabet_is_named_whatever_their_order()
    {
        Assert.Equal("cat", NearestName.To("at", ["rat", "cat", "hat"]));
        Assert.Equal("cat", NearestName.To("at", ["hat", "rat", "cat"]));
    }

    [Fact]
    public void How_much_counts_as_a_slip_can_be_said()
    {
        Assert.Equal("abcdef", NearestName.To("abcxyz", ["abcdef"]));
        Assert.Null(NearestName.To("abcxyz", ["abcdef"], share: 0.4));
    }

    [Fact]
    public void A_swap_of_neighbours_is_one_slip_and_a_change_of_case_hardly_any()
    {
        Assert.Equal("form", NearestName.To("from", ["form", "frogs"]));
        Assert.Equal("TAPS", NearestName.To("taps", ["TAPS", "tap"]));
    }
}
