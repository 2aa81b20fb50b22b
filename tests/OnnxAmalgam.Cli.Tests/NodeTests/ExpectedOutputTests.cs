using System.Text.Json;
using Google.Protobuf;
using Onnx;
using OnnxAmalgam.Cli.Shell;

namespace OnnxAmalgam.Cli.Tests.NodeTests;

/// <summary>Folders in ONNX's test layout: what lies beside the model decides.</summary>
public sealed class ExpectedOutputTests : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("expected").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData(2f, "pass", 0)]
    [InlineData(2.5f, "fail", 3)]
    public void An_expected_output_that_is_another_than_the_trainable_graph_gives_fails(float expected, string status, int exitCode)
    {
        Write("Relu", [-1f, 2f], [0f, expected]);
        using var output = new StringWriter();
        var code = new CommandLine(new Terminal(output, TextWriter.Null), Composition.Commands()).Run(["check", folder, "--json", "--quiet"]);
        Assert.Equal(status, JsonDocument.Parse(output.ToString()).RootElement.GetProperty("status").GetString());
        Assert.Equal(exitCode, code);
    }

    void Write(string type, float[] input, float[] output)
    {
        var model = new ModelProto { IrVersion = 8, Graph = new() { Name = "one", Node = { new NodeProto { OpType = type, Input = { "x" }, Output = { "y" } } }, Input = { Value("x") }, Output = { Value("y") } } };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = 17 });
        File.WriteAllBytes(Path.Combine(folder, "model.onnx"), model.ToByteArray());
        var data = Directory.CreateDirectory(Path.Combine(folder, "test_data_set_0")).FullName;
        File.WriteAllBytes(Path.Combine(data, "input_0.pb"), Tensor("x", input).ToByteArray());
        File.WriteAllBytes(Path.Combine(data, "output_0.pb"), Tensor("y", output).ToByteArray());
    }

    static TensorProto Tensor(string name, float[] values) => new() { Name = name, DataType = (int)TensorProto.Types.DataType.Float, Dims = { values.Length }, FloatData = { values } };

    static ValueInfoProto Value(string name) => new()
    {
        Name = name,
        Type = new() { TensorType = new() { ElemType = (int)TensorProto.Types.DataType.Float, Shape = new() { Dim = { new TensorShapeProto.Types.Dimension { DimValue = 2 } } } } },
    };
}
