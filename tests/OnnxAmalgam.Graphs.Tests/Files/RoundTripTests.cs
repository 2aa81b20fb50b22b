using Google.Protobuf;
using Onnx;
using OnnxAmalgam.Tests.Shared;

namespace OnnxAmalgam.Graphs.Tests.Files;

public sealed class RoundTripTests : IDisposable
{
    static readonly string[] Teachers = ["digits_resnet", "fashion_mixer", "cifar_animals", "cifar_vehicles"];

    readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [MemberData(nameof(TeacherNames))]
    public void A_teachers_file_comes_back_byte_for_byte(string name)
    {
        var path = Path.Combine(Shared.Teachers(), $"{name}.onnx");
        AssertSameBytes(OnnxModel.Load(path), File.ReadAllBytes(path));
    }

    [Theory]
    [MemberData(nameof(TeacherNames))]
    public void A_teachers_weights_read_as_the_protobuf_library_parses_them(string name)
    {
        var path = Path.Combine(Shared.Teachers(), $"{name}.onnx");
        var model = OnnxModel.Load(path);
        var plain = ModelProto.Parser.ParseFrom(File.ReadAllBytes(path));

        Assert.Equal(plain.Graph.Initializer.Select(t => t.RawData.ToByteArray()), model.Proto.Graph.Initializer.Select(model.ReadRaw));
        Assert.Empty(model.Notes);
    }

    [Theory]
    [InlineData("torch_if_1_13.onnx")]
    [InlineData("onnx_function_1_12.onnx")]
    public void A_file_of_an_exporter_comes_back_byte_for_byte(string name)
    {
        var path = Path.Combine(AppContext.BaseDirectory, "Files", "Exported", name);
        AssertSameBytes(OnnxModel.Load(path), File.ReadAllBytes(path));
    }

    [Fact]
    public void Fields_that_nobody_knows_are_kept_at_every_level()
    {
        var proto = TinyModel.Add(2000);
        var bytes = Concat(
            new ModelProto { IrVersion = 8 }.ToByteArray(),
            Field(7, Concat(
                Field(1, Concat(proto.Graph.Node[0].ToByteArray(), Field(1000, [1, 2, 3]), [0xc8, 0x3e, 5])),
                Field(5, Concat(proto.Graph.Initializer[0].ToByteArray(), Field(900, "kept"u8.ToArray()))),
                new GraphProto { Input = { proto.Graph.Input }, Output = { proto.Graph.Output } }.ToByteArray(),
                Field(777, new byte[5000]))),
            new ModelProto { OpsetImport = { proto.OpsetImport } }.ToByteArray(),
            Field(600, [9]));

        AssertSameBytes(OnnxModel.Load(folder.Write("m.onnx", bytes)), bytes);
    }

    [Fact]
    public void Everything_that_onnx_can_say_comes_back()
    {
        var proto = TinyModel.Add(2000);
        proto.MetadataProps.Add(new StringStringEntryProto { Key = "k", Value = "ä \u0001" });
        proto.DocString = "doc";
        proto.Functions.Add(new FunctionProto
        {
            Name = "F",
            Domain = "local",
            Input = { "a" },
            Output = { "b" },
            Attribute = { "alpha" },
            Node = { TinyModel.Node("LeakyRelu", ["a"], ["b"], new AttributeProto { Name = "alpha", Type = AttributeProto.Types.AttributeType.Float, RefAttrName = "alpha" }) },
            OpsetImport = { proto.OpsetImport },
        });
        proto.Configuration.Add(new DeviceConfigurationProto { Name = "two", NumDevices = 2, Device = { "a", "b" } });
        proto.Graph.QuantizationAnnotation.Add(new TensorAnnotation { TensorName = "w", QuantParameterTensorNames = { new StringStringEntryProto { Key = "SCALE_TENSOR", Value = "w" } } });
        proto.Graph.Node[0].DeviceConfigurations.Add(new NodeDeviceConfigurationProto { ConfigurationId = "two" });
        proto.Graph.Node[0].MetadataProps.Add(new StringStringEntryProto { Key = "pkg", Value = "x" });
        proto.TrainingInfo.Add(new TrainingInfoProto { UpdateBinding = { new StringStringEntryProto { Key = "w", Value = "w2" } } });
        var bytes = proto.ToByteArray();

        AssertSameBytes(OnnxModel.Load(folder.Write("m.onnx", bytes)), bytes);
    }

    [Fact]
    public void Another_encoders_habits_are_named_and_the_model_stays_the_same()
    {
        var proto = TinyModel.Add(2000);
        var plain = proto.ToByteArray();
        var w = proto.Graph.Initializer[0];
        var packedDims = Concat(Field(1, [0xd0, 0x0f]), new TensorProto(w) { Dims = { } }.ToByteArray()[3..]);
        var graph = Concat(
            Field(1, proto.Graph.Node[0].ToByteArray()),
            Field(5, packedDims),
            new GraphProto { Input = { proto.Graph.Input }, Output = { proto.Graph.Output } }.ToByteArray());
        var head = new ModelProto { IrVersion = 8 }.ToByteArray();
        var tail = new ModelProto { OpsetImport = { proto.OpsetImport } }.ToByteArray();

        AssertSameModel(Concat(head, Field(7, graph), tail), "packed (first at 'graph.initializer[0].dims')");
        AssertSameModel(Concat(tail, plain[..^tail.Length]), "in another order (first at 'ir_version')");
        AssertSameModel(Concat([0x08, 0x88, 0x00], plain[2..]), "integers in more bytes than they need (first at 'ir_version')");
        AssertSameModel(Concat(head, plain), "a single field twice (first at 'ir_version')");
    }

    [Fact]
    public void A_long_length_around_large_weights_is_noticed()
    {
        var proto = TinyModel.Add(2000);
        var head = new ModelProto { IrVersion = 8, ProducerName = "tests" }.ToByteArray();
        var tail = new ModelProto { OpsetImport = { proto.OpsetImport } }.ToByteArray();
        var graph = proto.Graph.ToByteArray();
        byte[] padded = [(byte)(graph.Length & 0x7f | 0x80), (byte)(graph.Length >> 7 & 0x7f | 0x80), 0x80, 0];

        AssertSameModel(Concat(head, [0x3a], padded, graph, tail), "lengths in more bytes than they need");
    }

    public static TheoryData<string> TeacherNames => [.. Teachers];

    void AssertSameBytes(OnnxModel model, byte[] expected)
    {
        Assert.Null(model.RoundTripNote);
        model.Save(folder["saved.onnx"]);
        Assert.Equal(expected, File.ReadAllBytes(folder["saved.onnx"]));
        Assert.Equal(expected, model.ToBytes());
        Assert.Equal(expected, model.Clone().ToBytes());
    }

    void AssertSameModel(byte[] bytes, string note)
    {
        var model = OnnxModel.Load(folder.Write("m.onnx", bytes));
        Assert.Contains(note, model.RoundTripNote);
        Assert.Equal(ModelProto.Parser.ParseFrom(bytes), ModelProto.Parser.ParseFrom(model.ToBytes()));
        Assert.NotEqual(bytes, model.ToBytes());
    }

    static byte[] Concat(params byte[][] parts) => [.. parts.SelectMany(p => p)];

    static byte[] Field(int number, byte[] body)
    {
        var output = new MemoryStream();
        OnnxAmalgam.Graphs.Files.Varint.Write(output, (ulong)((number << 3) | 2));
        OnnxAmalgam.Graphs.Files.Varint.Write(output, (ulong)body.Length);
        output.Write(body);
        return output.ToArray();
    }
}
