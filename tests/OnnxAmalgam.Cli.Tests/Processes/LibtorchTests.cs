using OnnxAmalgam.Cli.Tests.Running;
using OnnxAmalgam.Tests.Shared;

namespace OnnxAmalgam.Cli.Tests.Processes;

/// <summary>Which native libraries a process of the program loads, as the dynamic loader itself tells.</summary>
public sealed class LibtorchTests : IDisposable
{
    readonly TempFolder place = new();

    public void Dispose() => place.Dispose();

    [Theory]
    [InlineData("--help")]
    [InlineData("--version")]
    [InlineData("train", "--help")]
    [InlineData("inspect", "MODEL")]
    [InlineData("inspect", "MODEL", "--json")]
    [InlineData("query", "MODEL", "tensor[rank=4 & dominator] by hw last", "--explain")]
    [InlineData("extract", "MODEL", "--outputs", "logits", "-o", "part.onnx")]
    public void Help_inspect_query_and_extract_never_load_libtorch(params string[] arguments) =>
        Assert.DoesNotContain(Libraries(arguments), l => l.Contains("torch", StringComparison.OrdinalIgnoreCase) || l.Contains("onnxruntime", StringComparison.OrdinalIgnoreCase));

    [Fact]
    public void The_same_look_at_doctor_sees_libtorch() => Assert.Contains(Libraries("doctor"), l => l.StartsWith("libtorch_cpu", StringComparison.Ordinal));

    string[] Libraries(params string[] arguments)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "LD_DEBUG is the GNU loader's");
        string[] given = [.. arguments.Select(a => a == "MODEL" ? Bundled.Teacher("digits_resnet") : a)];
        ChildProcess.Run(place.Path, ChildProcess.Program(given), [("LD_DEBUG", "files"), ("LD_DEBUG_OUTPUT", place["loader"])]).Ends(0);
        string[] loaded = [.. Directory.EnumerateFiles(place.Path, "loader*").SelectMany(File.ReadLines)
            .Where(l => l.Contains("calling init:", StringComparison.Ordinal)).Select(l => Path.GetFileName(l))];
        Assert.Contains(loaded, l => l.StartsWith("libcoreclr", StringComparison.Ordinal));
        return loaded;
    }
}
