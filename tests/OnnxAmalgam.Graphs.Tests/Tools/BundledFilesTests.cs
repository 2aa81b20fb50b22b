using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace OnnxAmalgam.Graphs.Tests.Tools;

/// <summary>What lies in models/ and tests/fixtures is what its documents say.</summary>
public sealed partial class BundledFilesTests
{
    [GeneratedRegex("^([0-9a-f]{64})  (.+)$", RegexOptions.Multiline)]
    private static partial Regex SumLine { get; }

    [Theory]
    [InlineData("models/demo/data/SOURCES.md", "*.gz", 10)]
    [InlineData("models/teachers/README.md", "*.onnx", 14)]
    public void Every_bundled_file_has_the_checksum_that_its_document_states(string document, string pattern, int count)
    {
        string path = Path.Combine(Python.Root, document), folder = Path.GetDirectoryName(path)!;
        Dictionary<string, string> sums = SumLine.Matches(File.ReadAllText(path)).ToDictionary(m => m.Groups[2].Value.TrimEnd('\r'), m => m.Groups[1].Value);

        Assert.Equal(count, sums.Count);
        Assert.Equal(sums.Keys.Order(StringComparer.Ordinal),
            Directory.GetFiles(folder, pattern, SearchOption.AllDirectories).Select(f => Path.GetRelativePath(folder, f).Replace('\\', '/')).Order(StringComparer.Ordinal));
        Assert.All(sums, sum => Assert.Equal(sum.Value, Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(folder, sum.Key))))));
    }

    [Theory]
    [InlineData("train-images-idx3-ubyte", "", 10_000)]
    [InlineData("t10k-images-idx3-ubyte", "", 10_000)]
    [InlineData("t10k-labels-idx1-ubyte", "", 10_000)]
    [InlineData("train-images-idx3-ubyte", "-validate", 1_000)]
    [InlineData("train-labels-idx1-ubyte", "-validate", 1_000)]
    public void The_demos_files_hold_as_many_records_as_their_document_says(string file, string suffix, int count)
    {
        foreach (string name in new[] { "mnist", "fashion-mnist" })
        {
            using FileStream packed = File.OpenRead(Path.Combine(Python.Root, $"models/demo/data/{name}{suffix}/{file}.gz"));
            using GZipStream gzip = new(packed, CompressionMode.Decompress);
            using MemoryStream content = new();
            gzip.CopyTo(content);
            byte[] bytes = content.ToArray();
            int rank = bytes[3], record = rank == 3 ? 28 * 28 : 1;
            Assert.Equal(count, BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(4)));
            Assert.Equal(4 + 4 * rank + count * record, bytes.Length);
        }
    }

    [Fact]
    public void The_demos_files_hold_what_the_full_data_sets_hold()
    {
        string data = Path.GetFullPath(Path.Combine(Python.Root, "../shared/fixtures/data"));
        if (!Directory.Exists(data))
            data = Path.Combine(Python.Root, "data");
        Assert.SkipUnless(Directory.Exists(Path.Combine(data, "fashion-mnist")), "needs the full data sets: python3 tools/fetch_data.py mnist fashion-mnist");

        Python.Answer answer = Python.Run("make_demo_data.py", "--check", "--from", data);

        Assert.True(answer.ExitCode == 0, answer.Errors);
    }

    [Fact]
    public void Every_exported_fixture_loads_and_is_described()
    {
        string folder = Path.Combine(Python.Root, "tests/fixtures/exports"), readme = File.ReadAllText(Path.Combine(folder, "README.md"));
        string[] models = Directory.GetFiles(folder, "*.onnx");

        Assert.Equal(25, models.Length);
        Assert.All(models, path =>
        {
            Assert.NotEmpty(OnnxModel.Load(path).Proto.Graph.Node);
            string name = Path.GetFileNameWithoutExtension(path);
            Assert.Contains(Regex.Replace(name, "(?<=^resnet_(folded|batchnorm)_opset)[0-9]+$", "{11,13,17}"), readme, StringComparison.Ordinal);
            Assert.True(File.Exists(Path.ChangeExtension(path, ".output0.npy")), name);
        });
        Assert.True(File.Exists(Path.Combine(folder, "shared.input.npy")));
    }
}
