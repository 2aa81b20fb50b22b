using OnnxAmalgam.Cli.Shell;

namespace OnnxAmalgam.Cli.Tests.Shell;

/// <summary>Names of models and files are somebody else's text: a terminal shows them and obeys none.</summary>
public sealed class PrintableTests
{
    [Theory]
    [InlineData("plain ~ text", "plain ~ text")]
    [InlineData("größe 形 😀", "größe 形 😀")]
    [InlineData("red\u001b[31m", @"red\u001B[31m")]
    [InlineData("two\nlines\t\u0085", @"two\u000Alines\u0009\u0085")]
    [InlineData("rev\u202eesle", @"rev\u202Eesle")]
    [InlineData("a\u2028b\u2029c", @"a\u2028b\u2029c")]
    [InlineData("👩\u200d💻", "👩\u200d💻")]
    public void What_would_move_colour_or_turn_the_text_is_written_out(string text, string shown) => Assert.Equal(shown, Printable.Text(text));

    [Fact]
    public void Half_a_pair_of_surrogates_is_written_out() => Assert.Equal(@"a\uD83Db", Printable.Text("a" + (char)0xD83D + "b"));

    [Fact]
    public void A_long_name_is_cut()
    {
        Assert.Equal(new string('x', 256), Printable.Name(new string('x', 256)));
        Assert.Equal(new string('x', 255) + "…", Printable.Name(new string('x', 257)));
    }
}
