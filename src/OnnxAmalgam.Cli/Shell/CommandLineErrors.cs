using System.CommandLine;
using System.CommandLine.Parsing;
using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Cli.Shell;

/// <summary>System.CommandLine's findings, and those about options that do not go together, in this program's words.</summary>
internal static class CommandLineErrors
{
    /// <summary>Refuses a line with too much, too little, two documents on stdout, or a file that could not be written in the end.</summary>
    /// <exception cref="UsageException">What was expected instead.</exception>
    /// <exception cref="InputException">An output file's folder does not exist.</exception>
    public static void Refuse(ParseResult result)
    {
        if (result.Errors.Count > 0)
            throw new UsageException(Describe(result));
        var table = result.CommandResult.Command.Options.OfType<Option<string>>().FirstOrDefault(o => o is { Name: "--csv" or "--output", HelpName: "FILE" } && result.GetValue(o) == "-");
        if (table is not null && Has<bool>("--json") && result.GetValue<bool>("--json"))
            throw new UsageException($"{table.Aliases.FirstOrDefault() ?? table.Name} -: expected one document on stdout, got --json beside it; name a file for the CSV, or leave one of them out");

        if (Has<string>("--page") && result.GetValue<string>("--page") == "-")
            throw new UsageException("--page: expected the name of a file, got '-'");
        foreach (var file in result.CommandResult.Command.Options.OfType<Option<string>>().Where(o => o is { Name: "--csv" or "--page" } or { Name: "--output", HelpName: "FILE" }))
        {
            if (result.GetValue(file) is { } target and not "-")
                AtomicFile.RequireFolder(target);
        }

        bool Has<T>(string name) => result.CommandResult.Command.Options.Any(o => o.Name == name && o.ValueType == typeof(T));
    }

    static string Describe(ParseResult result)
    {
        if (result.UnmatchedTokens is [var extra, ..])
            return $"expected no more arguments, got '{extra}'{(IsOverride(extra) && result.CommandResult.Command.Options.Any(o => o.Name == "--set") ? $"; did you mean --set {ShellWord.Of(extra)}?" : "")}";
        if (Empty(result.CommandResult) is { } empty)
            return $"{empty.Option.Name}: expected {empty.Option.HelpName}, got none";
        string[] missing = [.. Missing(result)];
        return missing.Length > 0 ? $"expected {string.Join(" and ", missing)}, got none" : result.Errors[0].Message.TrimEnd('.');
    }

    /// <summary>Whether a word looks like <c>path.to.key=value</c>.</summary>
    public static bool IsOverride(string word) => word.IndexOf('=', StringComparison.Ordinal) is > 0 and var end && word.AsSpan(0, end).IndexOfAnyExcept(KeyCharacters) < 0;

    static readonly System.Buffers.SearchValues<char> KeyCharacters = System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyz_.0123456789");

    /// <summary>The first option that stands there without its value.</summary>
    static OptionResult? Empty(CommandResult? command) => command is null
        ? null
        : command.Children.OfType<OptionResult>().FirstOrDefault(o => !o.Implicit && o.Option.HelpName is not null && o.Tokens.Count < o.Option.Arity.MinimumNumberOfValues)
            ?? Empty(command.Parent as CommandResult);

    static IEnumerable<string> Missing(ParseResult result)
    {
        var command = result.CommandResult.Command;
        return command.Arguments.Where(a => (result.GetResult(a)?.Tokens.Count ?? 0) < a.Arity.MinimumNumberOfValues).Select(a => a.Name)
            .Concat(command.Options.Where(o => o.Required && result.GetResult(o) is null or { Implicit: true }).Select(o => $"{o.Name} {o.HelpName}"));
    }
}
