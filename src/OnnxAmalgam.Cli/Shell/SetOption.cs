using System.CommandLine;

namespace OnnxAmalgam.Cli.Shell;

/// <summary><c>--set path.to.key=value</c>, as often as needed.</summary>
internal static class SetOption
{
    /// <param name="of">Whose values are overridden.</param>
    public static Option<string[]> Create(string of = "the recipe") => new("--set") { Description = $"Override a value of {of}; may be repeated", HelpName = "path.to.key=value" };

    /// <summary>What the line says.</summary>
    /// <exception cref="UsageException">One is not of that form.</exception>
    public static string[] Read(ParseResult result, Option<string[]> option)
    {
        string[] overrides = result.GetValue(option) ?? [];
        return Array.Find(overrides, o => o.IndexOf('=', StringComparison.Ordinal) < 1) is { } other
            ? throw new UsageException($"--set: expected path.to.key=value, got '{other}'; for example --set train.epochs=5")
            : overrides;
    }

    /// <summary>The same, and <c>--seed</c> behind them.</summary>
    /// <exception cref="UsageException">One is not of that form.</exception>
    public static string[] Read(ParseResult result, Option<string[]> option, Session session) => [.. Read(result, option), .. Seed(session)];

    /// <summary><c>--seed</c> as an override; none where it is not given.</summary>
    public static IEnumerable<string> Seed(Session session) => session.Seed is { } seed ? [$"train.seed={seed}"] : [];
}
