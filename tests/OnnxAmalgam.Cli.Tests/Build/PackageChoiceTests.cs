using System.Text.Json;
using OnnxAmalgam.Tests.Shared;

namespace OnnxAmalgam.Cli.Tests.Build;

/// <summary>Which packages a build takes, asked of MSBuild without a restore, and whether the lock files say the same.</summary>
public sealed class PackageChoiceTests
{
    const string Cli = "src/OnnxAmalgam.Cli";
    const string Ort = "Microsoft.ML.OnnxRuntime", OrtGpu = "Microsoft.ML.OnnxRuntime.Gpu";

    [Fact]
    public void Cuda_takes_the_gpu_packages_and_no_cpu_ones()
    {
        var linux = References(Cli, "linux-x64", "-p:Cuda=true");
        var windows = References(Cli, "win-x64", "-p:Cuda=true");

        Assert.Equal([OrtGpu, "TorchSharp-cuda-linux"], linux.Where(IsNative));
        Assert.Equal([OrtGpu, "TorchSharp-cuda-windows"], windows.Where(IsNative));
    }

    [Fact]
    public void With_libraries_of_the_system_no_native_package_is_taken_but_the_one_that_decodes_images()
    {
        string[] chosen = References(Cli, "linux-x64", "-p:Cuda=external");

        Assert.DoesNotContain(chosen, IsNative);
        Assert.Contains("SkiaSharp.NativeAssets.Linux.NoDependencies", chosen);
    }

    [Theory]
    [InlineData("linux-x64")]
    [InlineData("win-x64")]
    [InlineData("osx-arm64")]
    public void The_default_takes_the_cpu_packages_of_its_system_as_locked(string rid)
    {
        var chosen = References(Cli, rid);

        Assert.Equal([Ort, $"libtorch-cpu-{rid}"], chosen.Where(IsNative));
        Assert.Equal(chosen.Order(StringComparer.OrdinalIgnoreCase), Locked(Cli, rid).Order(StringComparer.OrdinalIgnoreCase));
    }

    [Fact]
    public void Every_project_is_locked_for_every_system_alike()
    {
        foreach (string project in Directory.EnumerateFiles(Repository.Root, "*.csproj", SearchOption.AllDirectories)
            .Select(f => Path.GetRelativePath(Repository.Root, Path.GetDirectoryName(f)!)).Where(d => d.Split(Path.DirectorySeparatorChar) is ["src" or "tests", _]))
        {
            HashSet<string> linux = [.. Locked(project, "linux-x64").Where(p => !p.StartsWith("libtorch", StringComparison.Ordinal))];
            foreach (string rid in (string[])["win-x64", "osx-arm64"])
            {
                Assert.Equal(linux, [.. Locked(project, rid).Where(p => !p.StartsWith("libtorch", StringComparison.Ordinal))]);
            }
        }
    }

    static bool IsNative(string package) =>
        package is Ort or OrtGpu || package.StartsWith("libtorch", StringComparison.OrdinalIgnoreCase) || package.StartsWith("TorchSharp-", StringComparison.OrdinalIgnoreCase);

    /// <summary>The packages that a project names itself, for a system.</summary>
    static string[] References(string project, string rid, params string[] more)
    {
        var (exitCode, output) = Repository.Dotnet(Repository.Root, ["msbuild", project, "-nologo", "-getItem:PackageReference", $"-p:RuntimeIdentifier={rid}", .. more]);
        Assert.True(exitCode == 0, output);
        using JsonDocument json = JsonDocument.Parse(output);
        return [.. json.RootElement.GetProperty("Items").GetProperty("PackageReference").EnumerateArray().Select(i => i.GetProperty("Identity").GetString()!)];
    }

    /// <summary>The packages that a project's lock file holds as its own, for a system.</summary>
    static string[] Locked(string project, string rid)
    {
        string path = Path.Combine(Repository.Root, project, $"packages.{rid}.lock.json");
        Assert.True(File.Exists(path), $"'{path}' is missing; 'make lock' writes it");
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(path));
        return [.. json.RootElement.GetProperty("dependencies").GetProperty("net10.0").EnumerateObject().Where(d => d.Value.GetProperty("type").GetString() == "Direct").Select(d => d.Name)];
    }
}
