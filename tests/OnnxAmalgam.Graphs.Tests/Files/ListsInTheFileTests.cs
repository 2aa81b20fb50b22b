using System.Runtime.InteropServices;
using Google.Protobuf;
using Onnx;
using OnnxAmalgam.Tests.Shared;
using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Graphs.Tests.Files;

/// <summary>Weights in float_data and double_data, as CNTK and <c>onnx.helper.make_tensor</c> write them, stay in the file as raw data does.</summary>
public sealed class ListsInTheFileTests : IDisposable
{
    const int Elements = 5000;

    readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    public static TheoryData<TensorProto> Lists => [Floats("w"), Doubles("w"), Complex("w")];

    [Theory]
    [MemberData(nameof(Lists))]
    public void They_are_read_when_wanted_and_saved_byte_for_byte(TensorProto list)
    {
        var (model, path) = Load(list);
        var w = model.Proto.Graph.Initializer.Single();

        Assert.InRange(w.CalculateSize(), 1, 100);
        Assert.Equal(Bytes(list), model.ReadRaw(w));
        Assert.Null(model.RoundTripNote);
        model.Save(folder["copy.onnx"]);
        Assert.Equal(File.ReadAllBytes(path), File.ReadAllBytes(folder["copy.onnx"]));
        Assert.Equal(File.ReadAllBytes(path), model.Clone().ToBytes());
    }

    [Theory]
    [MemberData(nameof(Lists))]
    public void Written_they_stay_lists_and_the_loaded_model_keeps_its_own(TensorProto list)
    {
        var (model, _) = Load(list);
        var edited = model.Clone();
        byte[] other = [.. Bytes(list)[8..], 0, 0, 0x80, 0x3f, 0, 0, 0x80, 0x3f];
        edited.WriteRaw(edited.Proto.Graph.Initializer[0], other);
        edited.Save(folder["edited.onnx"]);

        var again = OnnxModel.Load(folder["edited.onnx"]);
        Assert.Equal(other, again.ReadRaw(again.Proto.Graph.Initializer[0]));
        Assert.False(ModelProto.Parser.ParseFrom(File.ReadAllBytes(folder["edited.onnx"])).Graph.Initializer[0].HasRawData);
        Assert.Equal(Bytes(list), model.ReadRaw(model.Proto.Graph.Initializer[0]));
    }

    [Fact]
    public void A_list_of_six_numbers_is_six_numbers()
    {
        var (model, _) = Load(new TensorProto { Name = "w", DataType = (int)DataType.Float, Dims = { 6 }, FloatData = { 1, 2, 3, 4, 5, 6 } });
        Assert.Equal(MemoryMarshal.AsBytes<float>([1, 2, 3, 4, 5, 6]).ToArray(), model.ReadRaw(model.Proto.Graph.Initializer[0]));
    }

    [Fact]
    public void A_list_in_two_pieces_is_one_list()
    {
        var whole = Floats("w");
        var head = whole.Clone();
        head.FloatData.Clear();
        TensorProto first = new(), second = new();
        first.FloatData.AddRange(whole.FloatData.Take(2000));
        second.FloatData.AddRange(whole.FloatData.Skip(2000));
        byte[] tensor = [.. head.ToByteArray(), .. first.ToByteArray(), .. second.ToByteArray()];

        var model = OnnxModel.Load(folder.Write("pieces.onnx", Around(tensor)));

        Assert.Equal(Bytes(whole), model.ReadRaw(model.Proto.Graph.Initializer.Single()));
    }

    [Theory]
    [InlineData(-4)]
    [InlineData(4)]
    [InlineData(2)]
    public void A_list_of_another_length_than_its_shape_is_refused(int more)
    {
        var head = new TensorProto { Name = "w", DataType = (int)DataType.Float, Dims = { Elements } };
        using var tensor = new MemoryStream();
        var output = new CodedOutputStream(tensor);
        head.WriteTo(output);
        output.WriteTag(4, WireFormat.WireType.LengthDelimited);
        output.WriteBytes(ByteString.CopyFrom(new byte[(4 * Elements) + more]));
        output.Flush();
        var path = folder.Write("wrong.onnx", Around(tensor.ToArray()));

        var e = Assert.Throws<InvalidModelException>(() => OnnxModel.Load(path));
        Assert.Contains(more == 2 ? "a list of numbers that ends within one" : $"expected {Elements} entries for float32 [{Elements}], got {Elements + (more / 4)} in float_data", e.Message);
    }

    (OnnxModel Model, string Path) Load(TensorProto tensor)
    {
        var path = folder.Write("m.onnx", Around(tensor.ToByteArray()));
        return (OnnxModel.Load(path), path);
    }

    /// <summary>y = x + w, with w as these bytes.</summary>
    static byte[] Around(byte[] tensor)
    {
        var proto = TinyModel.Add();
        var graph = proto.Graph.Clone();
        graph.Initializer.Clear();
        var (before, after) = (new GraphProto { Node = { graph.Node }, Name = graph.Name }, new GraphProto { Input = { graph.Input }, Output = { graph.Output } });
        using var stream = new MemoryStream();
        var output = new CodedOutputStream(stream);
        new ModelProto { IrVersion = proto.IrVersion, ProducerName = proto.ProducerName }.WriteTo(output);
        output.WriteTag(7, WireFormat.WireType.LengthDelimited);
        output.WriteBytes(ByteString.CopyFrom([.. before.ToByteArray(), (5 << 3) | 2, .. Length(tensor), .. tensor, .. after.ToByteArray()]));
        new ModelProto { OpsetImport = { proto.OpsetImport } }.WriteTo(output);
        output.Flush();
        return stream.ToArray();
    }

    static byte[] Length(byte[] tensor)
    {
        var bytes = new byte[CodedOutputStream.ComputeLengthSize(tensor.Length)];
        new CodedOutputStream(bytes).WriteLength(tensor.Length);
        return bytes;
    }

    static byte[] Bytes(TensorProto list) => list.FloatData.Count > 0
        ? MemoryMarshal.AsBytes<float>([.. list.FloatData]).ToArray()
        : MemoryMarshal.AsBytes<double>([.. list.DoubleData]).ToArray();

    static TensorProto Floats(string name) =>
        new() { Name = name, DataType = (int)DataType.Float, Dims = { Elements }, FloatData = { Enumerable.Range(0, Elements).Select(i => MathF.Sin(i)) } };

    static TensorProto Doubles(string name) =>
        new() { Name = name, DataType = (int)DataType.Double, Dims = { Elements }, DoubleData = { Enumerable.Range(0, Elements).Select(i => Math.Sin(i)) } };

    static TensorProto Complex(string name) =>
        new() { Name = name, DataType = (int)DataType.Complex64, Dims = { Elements / 2 }, FloatData = { Enumerable.Range(0, Elements).Select(i => MathF.Cos(i)) } };
}
