using System.Diagnostics;
using System.Xml.Linq;

namespace OnnxAmalgam.Tests.Shared;

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

    /// <summary>A folder or file of ../shared; the test is skipped where it is absent.</summary>
    public static string Shared(params string[] parts)
    {
        string path = Path.GetFullPath(Path.Combine([Root, "..", "shared", .. parts]));
        Assert.SkipUnless(Path.Exists(path), $"needs ../shared/{string.Join('/', parts)}");
        return path;
    }

    /// <summary>A folder or file of NuGet's package cache; the test is skipped where it is absent.</summary>
    public static string Package(params string[] parts)
    {
        string path = Path.Combine([Packages, .. parts]);
        Assert.SkipUnless(Path.Exists(path), $"needs {path}");
        return path;
    }

    /// <summary>NuGet's package cache.</summary>
    public static string Packages => Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } folder
        ? folder
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    /// <summary>A version property of Directory.Packages.props.</summary>
    public static string Version(string property) =>
        XDocument.Load(Path.Combine(Root, "Directory.Packages.props")).Descendants(property).Single().Value;

    /// <summary>Debug or Release, as this assembly was built.</summary>
    public static string Configuration =>
        AppContext.BaseDirectory.Split(Path.DirectorySeparatorChar).Contains("Release") ? "Release" : "Debug";

    /// <summary>Runs the SDK in a folder; its exit code and everything it wrote.</summary>
    public static (int ExitCode, string Output) Dotnet(string folder, params string[] arguments)
    {
        ProcessStartInfo start = new(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", arguments)
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
