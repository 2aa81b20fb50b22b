using System.CommandLine;
using System.Globalization;
using OnnxAmalgam.Training.Caching;

namespace OnnxAmalgam.Cli.Shell;

/// <summary>An option that takes one share of several: <c>2/4</c>.</summary>
internal static class ShareOption
{
    public static Option<WorkShare?> Of(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "I/N",
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            var parts = text.Split('/');
            if (parts.Length == 2 && Number(parts[0]) is { } number && Number(parts[1]) is { } count && number <= count)
                return new WorkShare(number, count);
            result.AddError($"{name}: expected one of several shares as 1/4, 2/4, 3/4 or 4/4, got '{text}'");
            return null;
        },
    };

    static int? Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= 1 ? value : null;
}
