using System.Diagnostics;

namespace OnnxAmalgam.Trainable.Tests.Build;

/// <summary>The sources that this assembly was built from, and the SDK that built it.</summary>
internal static class Repository
{
    /// <summary>The folder of OnnxAmalgam.sln; the test is skipped where there is none.</summary>
    public static string Root
    {
        get
        {
            DirectoryInfo? folder = new(AppContext.BaseDirectory);
            while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "OnnxAmalgam.sln")))
            {
                folder = folder.Parent;
            }

            Assert.SkipWhen(folder is null, "needs the repository around the test assembly");
            return folder!.FullName;
        }
    }

    /// <summary>Debug or Release, as this assembly was built.</summary>
    public static string Configuration => new DirectoryInfo(AppContext.BaseDirectory).FullName.Contains($"{Path.DirectorySeparatorChar}Release{Path.DirectorySeparatorChar}", StringComparison.Ordinal) ? "Release" : "Debug";

    /// <summary>Runs the SDK in a folder; its exit code and everything it wrote.</summary>
    public static (int ExitCode, string Output) Dotnet(string folder, params string[] arguments)
    {
        ProcessStartInfo start = new(System.Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // What the runner of this test set for itself must not steer another build.
        foreach (string name in start.Environment.Keys.Where(k => k.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToArray())
        {
            start.Environment.Remove(name);
        }

        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + errors.Result);
    }
}
