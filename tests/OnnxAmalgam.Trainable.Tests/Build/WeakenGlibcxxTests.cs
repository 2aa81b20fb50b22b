using System.Text;
using System.Text.RegularExpressions;
using OnnxAmalgam.Tests.Shared;

namespace OnnxAmalgam.Trainable.Tests.Build;

/// <summary>The build task that makes TorchSharp's library load where libstdc++ is older, run by MSBuild as a build runs it.</summary>
public sealed partial class WeakenGlibcxxTests : IDisposable
{
    static readonly byte[] Version = "GLIBCXX_3.4.32\0"u8.ToArray(), Symbol = "_ZSt21ios_base_library_initv\0"u8.ToArray();

    readonly string folder = Directory.CreateTempSubdirectory("weaken-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Two_bytes_differ_and_a_second_run_writes_nothing()
    {
        byte[] original = Original();
        string from = Write("original.so", original), to = Path.Combine(folder, "obj", "weak.so");

        var (exitCode, output) = Weaken(from, to);

        Assert.True(exitCode == 0, output);
        Assert.Equal(original, File.ReadAllBytes(from));
        byte[] weak = File.ReadAllBytes(to);
        int[] changed = [.. Enumerable.Range(0, original.Length).Where(i => original[i] != weak[i])];
        Assert.Equal(original.Length, weak.Length);
        Assert.Equal(2, changed.Length);
        Assert.Equal([(0x12, 0x22), (0, 2)], changed.Select(i => ((int)original[i], (int)weak[i])));
        Assert.False(VersionNeeds.Read(original)["GLIBCXX_3.4.32"]);
        Assert.Equal(["GLIBCXX_3.4.32"], VersionNeeds.Read(weak).Where(v => v.Value).Select(v => v.Key));

        DateTime before = new(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc);
        File.SetLastWriteTimeUtc(to, before);
        Assert.Equal(0, Weaken(from, to).ExitCode);
        Assert.Equal(before, File.GetLastWriteTimeUtc(to));
        Assert.Equal(weak, File.ReadAllBytes(to));
    }

    [Fact]
    public void A_library_that_is_weak_already_stays_as_it_is()
    {
        string built = Path.Combine(AppContext.BaseDirectory, "libLibTorchSharp.so"), to = Path.Combine(folder, "weak.so");
        Assert.SkipUnless(File.Exists(built), "the library is changed on Linux only");

        Assert.Equal(0, Weaken(built, to).ExitCode);

        Assert.Equal(File.ReadAllBytes(built), File.ReadAllBytes(to));
    }

    [Fact]
    public void A_library_without_the_requirement_is_copied_with_a_note()
    {
        byte[] other = Replace(Original(), Version, "GLIBCXX_3.4.31\0"u8);
        string from = Write("other.so", other), to = Path.Combine(folder, "copy.so");

        var (exitCode, output) = Weaken(from, to);

        Assert.True(exitCode == 0, output);
        Assert.Equal(other, File.ReadAllBytes(to));
        Assert.Contains("does not ask for GLIBCXX_3.4.32: copied as it is", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_that_are_not_the_library_are_a_clear_error_and_leave_nothing()
    {
        byte[] original = Original();
        byte[] farSections = [.. original];
        BitConverter.TryWriteBytes(farSections.AsSpan(0x28), long.MaxValue);
        (string File, string Got)[] cases =
        [
            (Write("text.so", "not a library"u8.ToArray()), "a file without that header"),
            (Write("cut.so", original[..100_000]), "in 100000 bytes"),
            (Write("far.so", farSections), "an offset of"),
            (Write("renamed.so", Replace(original, Symbol, "_ZSt21ios_base_library_initw\0"u8)), "GLIBCXX_3.4.32 without the symbol _ZSt21ios_base_library_initv"),
        ];

        var (exitCode, output) = Weaken([.. cases.Select(c => (c.File, c.File + ".weak"))]);

        Assert.NotEqual(0, exitCode);
        foreach (var (file, got) in cases)
        {
            string line = Assert.Single(Errors().Matches(output).Select(m => m.Value).Distinct(), l => l.Contains($"'{file}'", StringComparison.Ordinal));
            Assert.Contains($"expected TorchSharp's 64-bit little-endian ELF library, got ", line, StringComparison.Ordinal);
            Assert.Contains(got, line, StringComparison.Ordinal);
            Assert.Contains("set WeakenGlibcxx=false", line, StringComparison.Ordinal);
            Assert.False(File.Exists(file + ".weak"));
        }
    }

    [Fact]
    public void The_library_of_this_process_is_the_weak_copy_and_computes()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the library is changed on Linux only");

        TorchState state = TorchRuntime.State();

        Assert.Null(state.Problem);
        Assert.Equal(Path.Combine(AppContext.BaseDirectory, "libLibTorchSharp.so"), state.Library);
        Assert.True(state.IsWeakened);
        Assert.StartsWith("2.10.", state.Version, StringComparison.Ordinal);
        Assert.Matches(@"^3\.4\.\d+$", state.Glibcxx);
    }

    /// <summary>TorchSharp's library as its package holds it.</summary>
    static byte[] Original() =>
        File.ReadAllBytes(Repository.Package("torchsharp", Repository.Version("TorchSharpVersion"), "runtimes", "linux-x64", "native", "libLibTorchSharp.so"));

    static byte[] Replace(byte[] file, ReadOnlySpan<byte> old, ReadOnlySpan<byte> fresh)
    {
        byte[] copy = [.. file];
        int at = copy.AsSpan().IndexOf(old);
        Assert.True(at >= 0);
        fresh.CopyTo(copy.AsSpan(at));
        return copy;
    }

    string Write(string name, byte[] bytes)
    {
        string path = Path.Combine(folder, name);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    (int ExitCode, string Output) Weaken(string from, string to) => Weaken([(from, to)]);

    (int ExitCode, string Output) Weaken((string From, string To)[] files)
    {
        StringBuilder tasks = new();
        foreach (var (from, to) in files)
        {
            tasks.AppendLine($"""<WeakenGlibcxx Source="{from}" Destination="{to}" ContinueOnError="ErrorAndContinue" />""");
        }

        string targets = Path.Combine(Repository.Root, "src", "OnnxAmalgam.Trainable", "buildTransitive", "OnnxAmalgam.Trainable.targets");
        File.WriteAllText(Path.Combine(folder, "weaken.proj"), $"""<Project><Import Project="{targets}" /><Target Name="Run">{tasks}</Target></Project>""");
        return Repository.Dotnet(folder, "msbuild", "weaken.proj", "-t:Run", "-nologo", "-v:n", "-tl:off");
    }

    [GeneratedRegex("error.*: '.*'.*")]
    private static partial Regex Errors();
}
