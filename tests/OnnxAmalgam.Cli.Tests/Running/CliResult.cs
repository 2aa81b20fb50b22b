namespace OnnxAmalgam.Cli.Tests.Running;

/// <summary>What a run of the program came to.</summary>
/// <param name="Code">Exit code.</param>
/// <param name="Output">Stdout.</param>
/// <param name="Error">Stderr.</param>
internal sealed record CliResult(int Code, string Output, string Error)
{
    public string[] ErrorLines => Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Passes the result on when it ended as expected; else fails with everything the program wrote.</summary>
    public CliResult Ends(int code)
    {
        Assert.True(Code == code, $"expected exit code {code}, got {Code}\n{Output}\n{Error}");
        return this;
    }
}
