namespace OnnxAmalgam.Cli.Tests.BadInput;

/// <summary>One thing that is wrong, and what is said of it.</summary>
/// <param name="Name">What is wrong, as a sentence.</param>
/// <param name="Prepare">Puts the bad input into a folder and gives the command line.</param>
/// <param name="Says">Parts that the message must have, the culprits' names among them.</param>
public sealed record BadCase(string Name, Func<string, string[]> Prepare, params string[] Says)
{
    public override string ToString() => Name;
}
