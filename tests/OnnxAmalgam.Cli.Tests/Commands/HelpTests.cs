using OnnxAmalgam.Cli.Tests.Running;
using OnnxAmalgam.Tests.Shared;

namespace OnnxAmalgam.Cli.Tests.Commands;

/// <summary>Help is a contract: each text lies in Golden/. UPDATE_GOLDEN=1 writes what the program says now.</summary>
public sealed class HelpTests
{
    public static TheoryData<string> Commands => [.. Composition.Commands().Select(c => c.Name)];

    [Fact]
    public void The_program_says_what_it_can_do() => AssertGolden("help.txt", "--help");

    [Theory]
    [MemberData(nameof(Commands))]
    public void Every_command_explains_itself_with_an_example(string command)
    {
        string help = AssertGolden($"help.{command}.txt", command, "--help");
        Assert.Contains($"Example:\n  onnx-amalgam {command}", help, StringComparison.Ordinal);
        foreach (string option in (string[])["--device", "--threads", "--seed", "--verbose", "--quiet"])
        {
            Assert.Contains(option, help, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void No_golden_is_left_of_a_command_that_is_gone()
    {
        string[] expected = [.. Composition.Commands().Select(c => $"help.{c.Name}.txt").Append("help.txt").Order(StringComparer.Ordinal)];
        Assert.Equal(expected, Directory.EnumerateFiles(Golden).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Version_names_program_and_number()
    {
        CliResult result = InProcess.Run("--version").Ends(0);
        Assert.Matches(@"^onnx-amalgam \d+\.\d+\.\d+\n$", result.Output);
    }

    static string Golden => Path.Combine(Repository.Root, "tests", "OnnxAmalgam.Cli.Tests", "Golden");

    static string AssertGolden(string name, params string[] arguments)
    {
        CliResult result = InProcess.Run(arguments).Ends(0);
        Assert.Equal("", result.Error);
        string path = Path.Combine(Golden, name), said = result.Output.ReplaceLineEndings("\n");
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(path, said);
        }

        Assert.True(File.Exists(path), $"no golden '{path}'; UPDATE_GOLDEN=1 writes it");
        Assert.Equal(File.ReadAllText(path).ReplaceLineEndings("\n"), said);
        return said;
    }
}
