using System.Text;
using System.Text.RegularExpressions;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Tests;

/// <summary>Reads NumPy's float32 files of version 1.</summary>
internal static partial class Npy
{
    public static Tensor Read(string path)
    {
        var file = File.ReadAllBytes(path);
        var length = BitConverter.ToUInt16(file, 8);
        var header = Encoding.ASCII.GetString(file, 10, length);
        Assert.Contains("'<f4'", header, StringComparison.Ordinal);
        Assert.Contains("'fortran_order': False", header, StringComparison.Ordinal);
        long[] shape = [.. Shape().Match(header).Groups[1].Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(long.Parse)];
        var result = empty(shape);
        result.bytes = file.AsSpan(10 + length);
        return result;
    }

    [GeneratedRegex(@"'shape': \(([^)]*)\)")]
    private static partial Regex Shape();
}
