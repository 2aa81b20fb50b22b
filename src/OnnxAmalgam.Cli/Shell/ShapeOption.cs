using System.CommandLine;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Evaluation;

namespace OnnxAmalgam.Cli.Shell;

/// <summary><c>--shape NAME=..</c>, as often as needed.</summary>
internal static class ShapeOption
{
    public static Option<string[]> Create() => new("--shape")
    {
        Description = "Size of an input (images=1x3x224x224) or of a named dimension (height=224) that the file leaves free",
        HelpName = "NAME=SIZE",
    };

    /// <exception cref="UsageException">One is not of that form.</exception>
    public static IReadOnlyList<ShapeRequest> Read(ParseResult result, Option<string[]> option)
    {
        var (found, problem) = InputException.Attempt<IReadOnlyList<ShapeRequest>>(() => [.. (result.GetValue(option) ?? []).Select(ShapeRequest.Parse)]);
        return found ?? throw new UsageException(problem!);
    }
}
