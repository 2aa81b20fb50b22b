using OnnxAmalgam.Cli.Shell;

namespace OnnxAmalgam.Cli.Tests.Running;

/// <summary>The program in this process, its writers captured.</summary>
internal static class InProcess
{
    public static CliResult Run(params string[] arguments)
    {
        using StringWriter output = new() { NewLine = "\n" }, error = new() { NewLine = "\n" };
        int code = new CommandLine(new Terminal(output, error), Composition.Commands()).Run(arguments);
        return new CliResult(code, output.ToString(), error.ToString());
    }
}
