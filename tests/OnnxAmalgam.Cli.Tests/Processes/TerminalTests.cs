using OnnxAmalgam.Cli.Shell;
using OnnxAmalgam.Cli.Tests.Running;
using OnnxAmalgam.Tests.Shared;

namespace OnnxAmalgam.Cli.Tests.Processes;

/// <summary>When progress is redrawn in place, and when it is plain lines.</summary>
public sealed class TerminalTests : IDisposable
{
    readonly TempFolder place = new();

    public void Dispose() => place.Dispose();

    [Theory]
    [InlineData(null, null, true)]
    [InlineData("TERM", "dumb", false)]
    [InlineData("NO_COLOR", "1", false)]
    [InlineData("CI", "true", false)]
    [InlineData("NO_COLOR", "", true)]
    public void A_variable_decides_where_stderr_is_a_terminal(string? name, string? value, bool isLive)
    {
        string? Variable(string asked) => asked == name ? value : asked == "TERM" ? "xterm" : null;
        Assert.Equal(isLive, Terminal.MayBeLive(Variable, isErrorRedirected: false));
        Assert.False(Terminal.MayBeLive(Variable, isErrorRedirected: true));
    }

    [Theory]
    [InlineData(null, null, true)]
    [InlineData("NO_COLOR", "1", false)]
    public void Training_in_a_terminal_redraws_one_line_unless_a_variable_says_no(string? name, string? value, bool isLive)
    {
        const string Script = "/usr/bin/script";
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists(Script), "needs script (util-linux) for a terminal");
        string command = string.Join(' ', ChildProcess.Program(["train", Bundled.Recipe, "-o", place["run"], .. Bundled.Short, "--set", "train.epochs=1", "--set", "data.unlabelled.0.limit=600", "--set", "data.unlabelled.1.limit=600"]).Select(a => $"'{a}'"));
        List<(string, string?)> variables = [("TERM", "xterm")];
        if (name is not null)
        {
            variables.Add((name, value));
        }

        CliResult result = ChildProcess.Run(place.Path, [Script, "-qec", command, "/dev/null"], [.. variables]).Ends(0);
        Assert.Contains("epoch 1/1  loss ", result.Output, StringComparison.Ordinal);
        Assert.Equal(isLive, result.Output.Contains("\r\u001b[K", StringComparison.Ordinal));
    }

    [Fact]
    public void Redirected_output_is_UTF8_without_a_mark_and_without_colours()
    {
        CliResult result = ChildProcess.Run(place.Path, ChildProcess.Program("inspect", Bundled.Teacher("cifar_vehicles")), [("TERM", "xterm")]).Ends(0);
        Assert.DoesNotContain('\u001b', result.Output);
        Assert.DoesNotContain('\uFEFF', result.Output);
        Assert.DoesNotContain('\r', result.Output);
    }
}
