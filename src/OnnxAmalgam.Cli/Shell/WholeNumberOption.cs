using System.CommandLine;
using System.Globalization;

namespace OnnxAmalgam.Cli.Shell;

/// <summary>Options that take a whole number and say so when they get something else.</summary>
internal static class WholeNumberOption
{
    /// <summary>An option with a default.</summary>
    public static Option<int> Of(string name, string description, int least, int otherwise) => new(name)
    {
        Description = description,
        HelpName = "N",
        DefaultValueFactory = _ => otherwise,
        CustomParser = result => (int)(Parse(result, name, least, int.MaxValue) ?? otherwise),
    };

    /// <summary>An option that may be absent.</summary>
    public static Option<int?> Maybe(string name, string description, int least) => new(name)
    {
        Description = description,
        HelpName = "N",
        CustomParser = result => (int?)Parse(result, name, least, int.MaxValue),
    };

    /// <summary>An option that may be absent; every command takes it.</summary>
    public static Option<long?> Common(string name, string description, long least, long most) => new(name)
    {
        Description = description,
        HelpName = "N",
        Recursive = true,
        CustomParser = result => Parse(result, name, least, most),
    };

    static long? Parse(System.CommandLine.Parsing.ArgumentResult result, string name, long least, long most)
    {
        var text = result.Tokens[0].Value;
        var isNumber = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value);
        if (isNumber && value >= least && value <= most)
            return value;
        result.AddError($"{name}: expected a whole number {(isNumber && value > most ? $"from {least} to {most}" : $"of at least {least}")}, got '{text}'");
        return null;
    }
}
