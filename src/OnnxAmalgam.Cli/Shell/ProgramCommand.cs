using System.CommandLine;

namespace OnnxAmalgam.Cli.Shell;

/// <summary>One command of the program. Its constructor declares arguments and options; what it needs to do its work is loaded when it runs.</summary>
/// <param name="name">What people type.</param>
/// <param name="description">One sentence for the list of commands.</param>
/// <param name="example">Lines that work as they stand.</param>
internal abstract class ProgramCommand(string name, string description, string example) : Command(name, description)
{
    /// <summary>Shown under the help text.</summary>
    public string Example { get; } = example;

    /// <summary>Does the work and gives the exit code.</summary>
    public abstract int Run(ParseResult result, Session session);
}
