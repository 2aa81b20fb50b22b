using System.Diagnostics;
using System.Security.Cryptography;
using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Tests.Data;

/// <summary>The real data sets, where they lie beside the repository.</summary>
public sealed class SharedDataTests
{
    /// <remarks>SHA-256 over all pixels, and the first ten labels, computed from the files with Python's gzip.</remarks>
    [Theory]
    [InlineData("mnist", "train", 60000, "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757", "5041921314")]
    [InlineData("mnist", "test", 10000, "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161", "7210414959")]
    [InlineData("fashion-mnist", "train", 60000, "2e487a6c89124f78f2d7521542223cafe96f7123c3ca13d447772ac6ecbb3012", "9003027255")]
    [InlineData("fashion-mnist", "test", 10000, "c867c93ff95360594e8ec3287995350b824dd110b11595c0e13d5423f621867a", "9211614657")]
    public void The_mnist_families_are_read_byte_for_byte(string name, string split, int count, string sha256, string labels)
    {
        ImageSet set = Samples.Open(Samples.Source(SourceKind.Idx, Shared($"fixtures/data/{name}")) with { Split = split }, 1, 28, 28);
        Assert.Equal(count, set.Count);
        Assert.Equal(labels, string.Concat(Enumerable.Range(0, 10).Select(set.LabelOf)));
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (ImageBatch batch in BatchLoader.InOrder(set, 1000))
            hash.AppendData(batch.Pixels.AsSpan(0, batch.Count * set.CanvasBytes));
        Assert.Equal(sha256, Convert.ToHexStringLower(hash.GetCurrentHash()));
    }

    [Fact]
    public void Cifar10_as_its_script_writes_it_is_read_byte_for_byte()
    {
        string script = Shared("fixtures/data/cifar10/prepare.py");
        using TempFolder folder = new();
        using (Process? python = Start(script, Path.Combine(folder.Path, "cifar-10-batches-bin")))
        {
            python?.WaitForExit();
            if (python?.ExitCode is not 0)
                Assert.Skip("needs /usr/bin/python3 with Pillow (Debian: python3-pil)");
        }
        SourceRecipe source = Samples.Source(SourceKind.Cifar10, folder.Path);
        ImageSet test = Samples.Open(source with { Split = "test" }, 3, 32, 32);
        byte[] file = File.ReadAllBytes(Path.Combine(folder.Path, "cifar-10-batches-bin", "test_batch.bin"));
        Assert.Equal(10000, test.Count);
        Assert.All(Enumerable.Range(0, 10000), i => Assert.True(file.AsSpan(i * 3073 + 1, 3072).SequenceEqual(Samples.Canvas(test, i))));
        Assert.Equal(["dog", "ship", "horse", "frog", "bird", "dog", "automobile", "airplane", "deer", "frog"], Enumerable.Range(0, 10).Select(test.LabelOf));
        ImageSet reserved = Samples.Open(source with { Part = (0.9, 1) }, 3, 32, 32);
        Assert.EndsWith("data_batch_5.bin#5000", reserved.NameOf(0), StringComparison.Ordinal);
        Assert.Equal(5000, reserved.Count);
    }

    static Process? Start(string script, string folder)
    {
        try
        {
            return Process.Start(new ProcessStartInfo("/usr/bin/python3", [script, folder]) { RedirectStandardOutput = true, RedirectStandardError = true });
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    static string Shared(string name)
    {
        for (string? folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (!File.Exists(Path.Combine(folder, "OnnxAmalgam.sln")))
                continue;
            string path = Path.GetFullPath(Path.Combine(folder, "..", "shared", name));
            if (!File.Exists(path) && !Directory.Exists(path))
                Assert.Skip($"needs '{path}'");
            return path;
        }
        throw new InvalidOperationException("the tests lie outside the repository");
    }
}
