using System.CommandLine;
using System.Globalization;

namespace OnnxAmalgam.Cli.Shell;

/// <summary>Options that take a number and say so when they get something else.</summary>
internal static class NumberOption
{
    /// <summary>An option with a default, of at least 0.</summary>
    /// <param name="name">With its dashes.</param>
    /// <param name="description">For --help.</param>
    /// <param name="otherwise">The default.</param>
    /// <param name="most">The largest number allowed; null: any.</param>
    public static Option<double> Of(string name, string description, double otherwise, double? most = null) => new(name)
    {
        Description = description,
        HelpName = "X",
        DefaultValueFactory = _ => otherwise,
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value) && value >= 0 && !(value > most))
                return value;
            result.AddError(string.Create(CultureInfo.InvariantCulture, $"{name}: expected a number {(most is { } limit ? $"from 0 to {limit}" : "of at least 0")}, got '{text}'"));
            return otherwise;
        },
    };
}
