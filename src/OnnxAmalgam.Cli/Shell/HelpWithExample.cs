using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace OnnxAmalgam.Cli.Shell;

/// <summary>The usual help text with the command's example below it.</summary>
internal sealed class HelpWithExample(string? rootExample) : SynchronousCommandLineAction
{
    readonly HelpAction help = new() { MaxWidth = 110 };

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        help.Invoke(parseResult);
        var output = parseResult.InvocationConfiguration.Output;
        if ((parseResult.CommandResult.Command as ProgramCommand)?.Example is { } example || (example = rootExample) is not null)
        {
            output.WriteLine("Example:");
            foreach (var line in example.Split('\n'))
                output.WriteLine($"  {line}");
        }
        return ExitCode.Done;
    }
}
