using System.CommandLine;
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

    public static IReadOnlyList<ShapeRequest> Read(ParseResult result, Option<string[]> option) =>
        [.. (result.GetValue(option) ?? []).Select(ShapeRequest.Parse)];
}
