namespace OnnxAmalgam.Graphs.Tests;

public sealed class ShellWordTests
{
    [Theory]
    [InlineData("runs/demo-2", "runs/demo-2")]
    [InlineData("größe_1.onnx", "größe_1.onnx")]
    [InlineData("", "''")]
    [InlineData("/tmp/mit leer ü", "'/tmp/mit leer ü'")]
    [InlineData("it's", @"'it'\''s'")]
    [InlineData("$(rm -r x);*", "'$(rm -r x);*'")]
    [InlineData(@"a\b", @"'a\b'")]
    [InlineData("~", "'~'")]
    public void A_path_is_one_word_of_a_shell(string path, string word) => Assert.Equal(word, ShellWord.Of(path, windows: false));

    [Theory]
    [InlineData(@"C:\runs\demo", @"C:\runs\demo")]
    [InlineData(@"C:\mit leer", "\"C:\\mit leer\"")]
    public void On_Windows_the_quotes_are_double(string path, string word) => Assert.Equal(word, ShellWord.Of(path, windows: true));
}
