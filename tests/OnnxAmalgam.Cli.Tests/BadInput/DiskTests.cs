using OnnxAmalgam.Cli.Tests.Running;
using OnnxAmalgam.Tests.Shared;

namespace OnnxAmalgam.Cli.Tests.BadInput;

/// <summary>A disk that takes no more, and folders that may not be written: exit code 2, and nothing half-written.</summary>
public sealed class DiskTests : IDisposable
{
    readonly TempFolder place = new();

    public void Dispose() => place.Dispose();

    [Fact]
    public void A_training_whose_first_checkpoint_does_not_fit_leaves_nothing_behind()
    {
        string[] command = BadRecipes.Train(place.Path), before = place.Entries;
        CliResult result = Limited(4, command).Ends(2);
        AssertSays(result, "expected a file that may grow, got the system's file-size limit", "step-");
        Assert.Equal(before, place.Entries);
    }

    [Fact]
    public void An_export_that_does_not_fit_leaves_the_old_file()
    {
        InProcess.Run(Absolute(BadRecipes.Train(place.Path))).Ends(0);
        File.WriteAllText(place["student.onnx"], "an old file");
        string[] before = place.Entries;
        CliResult result = Limited(2, ["export", "run", "-o", "student.onnx", "--threads", "1"]).Ends(2);
        AssertSays(result, "'student.onnx': expected a file that may grow, got the system's file-size limit", "ulimit -f");
        Assert.Equal(before, place.Entries);
        Assert.Equal("an old file", File.ReadAllText(place["student.onnx"]));
    }

    [Theory]
    [InlineData("train", "'", "locked/run': expected a folder that can be written, got: Access to the path ")]
    [InlineData("export", "'locked/student.onnx': expected a folder that can be written, got no permission")]
    [InlineData("bench", "'locked/bench.csv': expected a folder that can be written, got no permission")]
    public void A_folder_that_may_not_be_written_is_said_and_stays_empty(string command, params string[] says)
    {
        string[] train = BadRecipes.Train(place.Path);
        if (command == "export")
        {
            InProcess.Run(Absolute(train)).Ends(0);
        }

        string locked = Directory.CreateDirectory(place["locked"]).FullName;
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(place.Path, (UnixFileMode)0b111_101_101);
            File.SetUnixFileMode(locked, (UnixFileMode)0b101_101_101);
        }

        string[] before = place.Entries;
        CliResult result = Unprivileged(command switch
        {
            "train" => [.. train.Select(a => a == "run" ? "locked/run" : a)],
            "export" => ["export", "run", "-o", "locked/student.onnx", "--threads", "1"],
            _ => ["bench", "teacher.onnx", "--batch", "1", "--runs", "1", "--csv", "locked/bench.csv"],
        }).Ends(2);
        AssertSays(result, says);
        Assert.Equal(before, place.Entries);
    }

    static void AssertSays(CliResult result, params string[] says)
    {
        string line = Assert.Single(result.ErrorLines, l => l.StartsWith("onnx-amalgam: ", StringComparison.Ordinal));
        Assert.All(says, part => Assert.True(line.Contains(part, StringComparison.Ordinal), $"expected {part} in: {line}"));
        Assert.DoesNotContain("our bug", line, StringComparison.Ordinal);
    }

    string[] Absolute(string[] train) => [.. train.Select(a => a is "run" or "recipe.yaml" ? place[a] : a)];

    /// <summary>Under a limit of so many KiB a file, whose signal is ignored as on a full disk.</summary>
    CliResult Limited(int kibibytes, string[] arguments)
    {
        Assert.SkipUnless(File.Exists("/bin/bash"), "needs bash for a file-size limit");
        // Code that the runtime makes at run time lies in a file of its own while it may be written and run; that one must not meet the limit.
        return ChildProcess.Run(place.Path, ["/bin/bash", "-c", $"trap '' XFSZ; ulimit -f {kibibytes}; exec \"$@\"", "limited", .. ChildProcess.Program(arguments)], [("DOTNET_EnableWriteXorExecute", "0")]);
    }

    /// <summary>As a user who is not root.</summary>
    CliResult Unprivileged(string[] arguments)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "permissions are Unix permissions here");
        string[] program = ChildProcess.Program(arguments);
        if (Environment.IsPrivilegedProcess)
        {
            Assert.SkipUnless(File.Exists("/usr/bin/setpriv"), "needs a user who is not root, or setpriv");
            program = ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", .. program];
            Assert.SkipUnless(ChildProcess.Run(place.Path, [.. program[..5], program[5], "--version"], [("HOME", place.Path)]).Code == 0, "another user cannot read the program here");
        }

        return ChildProcess.Run(place.Path, program, [("HOME", place.Path)]);
    }
}
