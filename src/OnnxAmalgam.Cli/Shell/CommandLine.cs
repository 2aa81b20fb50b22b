using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Reflection;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training;

namespace OnnxAmalgam.Cli.Shell;

/// <summary>The whole program but the process: arguments in, text and an exit code out.</summary>
internal sealed class CommandLine(Terminal terminal, IReadOnlyList<ProgramCommand> commands)
{
    const string ProgramName = "onnx-amalgam";

    readonly CommonOptions common = new();

    /// <summary>Version of this build.</summary>
    public static string Version { get; } =
        typeof(CommandLine).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    /// <summary>Runs what the arguments say. Every error becomes one line on stderr and an exit code.</summary>
    public int Run(string[] args)
    {
        var result = Root().Parse(args, new ParserConfiguration { EnablePosixBundling = false, ResponseFileTokenReplacer = null });
        try
        {
            if (result.Action is not HelpWithExample and not PrintVersion)
                Check(args, result);
            return result.Invoke(new InvocationConfiguration
            {
                Output = terminal.Output,
                Error = terminal.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            });
        }
        catch (UsageException e)
        {
            var command = result.CommandResult.Command is ProgramCommand named ? $" {named.Name}" : "";
            return Fail(result, e, $"{e.Message} (see: {ProgramName}{command} --help)", ExitCode.Usage);
        }
        catch (InputException e)
        {
            return Fail(result, e, e.Message, ExitCode.BadInput);
        }
        catch (CheckFailedException e)
        {
            return Fail(result, e, e.Message, ExitCode.CheckFailed);
        }
        catch (Exception e)
        {
            return Fail(result, e, $"{e.GetType().Name}: {e.Message}; this is our bug; please report it with the output of {ProgramName} doctor", ExitCode.Bug);
        }
    }

    int Fail(ParseResult result, Exception error, string message, int code)
    {
        terminal.Error.WriteLine($"{ProgramName}: {Printable.Text(message.ReplaceLineEndings(" "))}");
        if (common.IsVerbose(result) && code != ExitCode.Usage)
            terminal.Error.WriteLine(error.ToString());
        return code;
    }

    static void Check(string[] args, ParseResult result)
    {
        if (result.CommandResult.Command is RootCommand root)
            RefuseUnknownCommand(args, [.. root.Subcommands.Select(c => c.Name)]);
        UnknownOptions.Refuse(args, result);
        CommandLineErrors.Refuse(result);
    }

    static void RefuseUnknownCommand(string[] args, string[] names)
    {
        if (args.FirstOrDefault(a => !a.StartsWith('-')) is not { } word)
            throw new UsageException($"expected a command: {string.Join(", ", names)}");
        throw new UsageException($"unknown command '{word}'{(NearestName.To(word, names, 0.4) is { } nearest ? $"; did you mean '{nearest}'?" : "")}");
    }

    RootCommand Root()
    {
        var root = new RootCommand("Fuses several frozen ONNX classifiers into one small ONNX student, trained on images without labels.") { HelpName = ProgramName };
        root.Options.Clear();
        root.Options.Add(new HelpOption { Action = new HelpWithExample($"{ProgramName} inspect models/teachers/digits_resnet.onnx"), Description = "Show this help" });
        root.Options.Add(new VersionOption { Action = new PrintVersion(ProgramName), Description = "Show the version" });
        common.AddTo(root);
        foreach (var command in commands)
        {
            command.SetAction(result => command.Run(result, common.Open(result, terminal)));
            root.Add(command);
        }
        return root;
    }

    sealed class PrintVersion(string name) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            parseResult.InvocationConfiguration.Output.WriteLine($"{name} {Version}");
            return ExitCode.Done;
        }
    }
}
