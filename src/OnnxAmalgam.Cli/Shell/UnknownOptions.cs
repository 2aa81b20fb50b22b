using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Cli.Shell;

/// <summary>System.CommandLine takes an option that it does not know for a value where a command takes several; here it is a mistake.</summary>
internal static class UnknownOptions
{
    /// <summary>Options that other tools have for what an option with a value does here.</summary>
    static readonly Dictionary<string, string> s_elsewhere = new(StringComparer.Ordinal) { ["--half"] = "--precision fp16", ["--fp16"] = "--precision fp16", ["--int8"] = "--precision int8" };

    /// <summary>Refuses every word that starts with '-' and is no option of the command, up to <c>--</c>.</summary>
    /// <exception cref="UsageException">The first such word, with the nearest option.</exception>
    public static void Refuse(IEnumerable<string> arguments, ParseResult result)
    {
        var known = Known(result.CommandResult).ToDictionary(StringComparer.Ordinal);
        foreach (var word in arguments.TakeWhile(a => a != "--").Where(a => a.Length > 1 && a[0] == '-'))
        {
            var name = word.Split('=', ':')[0];
            if (double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out _))
                continue;
            if (known.ContainsKey(word) || (known.TryGetValue(name, out var option) && (name == word || option.Arity.MaximumNumberOfValues > 0)))
                continue;
            if (option is not null)
                throw new UsageException($"unknown option '{word}'; did you mean '{NearestName.To(word, known.Keys, share: 0.4) ?? name}'?");
            var elsewhere = s_elsewhere.GetValueOrDefault(name);
            var nearest = elsewhere is not null && known.ContainsKey(elsewhere.Split(' ')[0]) ? elsewhere : NearestName.To(name, known.Keys, share: 0.4);
            throw new UsageException($"unknown option '{name}'{(nearest is null ? "; a name that starts with '-' goes behind --" : $"; did you mean '{nearest}'?")}");
        }
    }

    static IEnumerable<KeyValuePair<string, Option>> Known(CommandResult command)
    {
        for (var at = command; at is not null; at = at.Parent as CommandResult)
            foreach (var option in at.Command.Options.Where(o => o.Recursive || at == command))
                foreach (var name in option.Aliases.Prepend(option.Name))
                    yield return KeyValuePair.Create(name, option);
    }
}
