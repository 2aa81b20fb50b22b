using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Tests.Shared;

namespace OnnxAmalgam.Teachers.Tests;

public sealed partial class RealTeacherTests
{
    [Theory]
    [InlineData("digits_resnet")]
    [InlineData("fashion_mixer")]
    [InlineData("cifar_animals")]
    [InlineData("cifar_vehicles")]
    public void A_teacher_gives_the_logits_that_its_framework_gave(string name)
    {
        string teachers = Repository.Shared("fixtures", "teachers");
        PinnedTensor<float> input = ReadNpy(Path.Combine(teachers, $"{name}.ref_input.npy")), expected = ReadNpy(Path.Combine(teachers, $"{name}.ref_output0.npy"));

        using FrozenModel teacher = new(OnnxModel.Load(Path.Combine(teachers, $"{name}.onnx")), ["logits"]);
        PinnedTensor<float> logits = teacher.Run(input);

        Assert.Equal(expected.View.Shape, logits.View.Shape);
        Assert.Equal(expected.Values.ToArray(), logits.Values.ToArray(), (a, b) => Math.Abs(a - b) < 5e-5);
    }

    /// <summary>A float32 array of NumPy's version 1 format.</summary>
    static PinnedTensor<float> ReadNpy(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        int header = BitConverter.ToUInt16(file, 8);
        string description = Encoding.ASCII.GetString(file, 10, header);
        Assert.Contains("'<f4'", description, StringComparison.Ordinal);
        long[] shape = [.. Shape().Match(description).Groups[1].Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(d => long.Parse(d, CultureInfo.InvariantCulture))];
        return PinnedTensor.Floats(shape, MemoryMarshal.Cast<byte, float>(file.AsSpan(10 + header)).ToArray());
    }

    [GeneratedRegex(@"'shape': \(([^)]*)\)")]
    private static partial Regex Shape();
}
