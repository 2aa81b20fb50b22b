using System.CommandLine;
using System.CommandLine.Parsing;

namespace OnnxAmalgam.Cli.Shell;

/// <summary>The options that every command takes.</summary>
internal sealed class CommonOptions
{
    readonly Option<DeviceChoice> device = new("--device")
    {
        Description = "Where to compute: auto, cpu, cuda or cuda:N",
        HelpName = "DEVICE",
        Recursive = true,
        CustomParser = ParseDevice,
    };

    readonly Option<long?> threads = WholeNumberOption.Common("--threads", "Threads within an operator", least: 1, most: 1024);

    readonly Option<long?> seed = WholeNumberOption.Common("--seed", "Seed of everything random", least: 0, most: long.MaxValue);

    readonly Option<bool> verbose = new("--verbose", "-v") { Description = "Say more; show where an error came from", Recursive = true };

    readonly Option<bool> quiet = new("--quiet", "-q") { Description = "No progress", Recursive = true };

    public void AddTo(RootCommand root)
    {
        foreach (Option option in (Option[])[device, threads, seed, verbose, quiet])
            root.Add(option);
    }

    /// <summary>Whether errors are shown with their origin; known even where the rest of the line is wrong.</summary>
    public bool IsVerbose(ParseResult result) => result.GetValue(verbose);

    public Session Open(ParseResult result, Terminal terminal) => new(terminal)
    {
        Device = result.GetValue(device) ?? DeviceChoice.Auto,
        Threads = (int?)result.GetValue(threads) ?? ThreadsFromEnvironment(),
        Seed = result.GetValue(seed),
        IsVerbose = result.GetValue(verbose),
        IsQuiet = result.GetValue(quiet),
    };

    static DeviceChoice? ParseDevice(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        var choice = DeviceChoice.Parse(text);
        if (choice is null)
            result.AddError($"--device: expected auto, cpu, cuda or cuda:N, got '{text}'");
        return choice;
    }

    static int? ThreadsFromEnvironment() =>
        int.TryParse(Environment.GetEnvironmentVariable("OMP_NUM_THREADS"), out var threads) && threads >= 1 ? threads : null;
}
