using Google.Protobuf;
using Onnx;
using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Graphs.Tests.Files;

/// <summary>Data that old exporters and <c>onnx.helper.make_tensor</c> keep in float_data, int32_data and so on.</summary>
public sealed class TypedFieldTests
{
    public static TheoryData<DataType, TensorProto, byte[], byte[]> Cases => new()
    {
        { DataType.Float, new TensorProto { FloatData = { 1f, -2f } }, [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0], [0, 0, 0, 0x40, 0, 0, 0x80, 0xbf] },
        { DataType.Complex64, new TensorProto { FloatData = { 1f, 2f, 0f, -1f } }, [0, 0, 0x80, 0x3f, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0x80, 0xbf], new byte[16] },
        { DataType.Double, new TensorProto { DoubleData = { 1.0, -2.0 } }, [0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0xc0], new byte[16] },
        { DataType.Int64, new TensorProto { Int64Data = { 1, -2 } }, [1, 0, 0, 0, 0, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], [0, 0, 0, 0, 0, 0, 0, 0x80, 5, 0, 0, 0, 0, 0, 0, 0] },
        { DataType.Uint64, new TensorProto { Uint64Data = { 1, ulong.MaxValue } }, [1, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], new byte[16] },
        { DataType.Uint32, new TensorProto { Uint64Data = { 1, uint.MaxValue } }, [1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff], [9, 8, 7, 0x86, 1, 0, 0, 0] },
        { DataType.Int32, new TensorProto { Int32Data = { 1, -2 } }, [1, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff], [0, 0, 0, 0x80, 5, 0, 0, 0] },
        { DataType.Int16, new TensorProto { Int32Data = { 1, -2 } }, [1, 0, 0xfe, 0xff], [0, 0x80, 5, 0] },
        { DataType.Uint16, new TensorProto { Int32Data = { 1, 65535 } }, [1, 0, 0xff, 0xff], [0, 0x80, 5, 0] },
        { DataType.Int8, new TensorProto { Int32Data = { 1, -2 } }, [1, 0xfe], [0x80, 5] },
        { DataType.Uint8, new TensorProto { Int32Data = { 1, 254 } }, [1, 254], [0x80, 5] },
        { DataType.Bool, new TensorProto { Int32Data = { 1, 0 } }, [1, 0], [0, 1] },
        { DataType.Float16, new TensorProto { Int32Data = { 0x3c00, 0xc000 } }, [0, 0x3c, 0, 0xc0], [0, 0xbc, 1, 0] },
        { DataType.Bfloat16, new TensorProto { Int32Data = { 0x3f80, 0xc000 } }, [0x80, 0x3f, 0, 0xc0], [0, 0xbc, 1, 0] },
        { DataType.Float8E4M3Fn, new TensorProto { Int32Data = { 0x38, 0xb8 } }, [0x38, 0xb8], [0xff, 1] },
        { DataType.Int4, new TensorProto { Int32Data = { 0x21 } }, [0x21], [0xf9] },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Reads_as_raw_data_and_stays_in_its_field_when_written(DataType type, TensorProto stored, byte[] raw, byte[] other)
    {
        var tensor = new TensorProto(stored) { Name = "w", DataType = (int)type, Dims = { 2 } };
        var model = new OnnxModel(TinyModel.Of(TinyModel.Graph([], tensor)), "typed");
        var before = tensor.Clone();

        Assert.Equal(raw, model.ReadRaw(tensor));
        model.WriteRaw(tensor, raw);
        Assert.Equal(before, tensor);

        model.WriteRaw(tensor, other);
        Assert.Equal(other, model.ReadRaw(tensor));
        Assert.False(tensor.HasRawData);
        Assert.Equal(Entries(before), Entries(tensor));
        model.WriteRaw(tensor, raw);
        Assert.Equal(before, tensor);
    }

    [Fact]
    public void An_entry_written_in_an_unusual_way_is_left_alone_while_its_value_stays()
    {
        // 254 for int8 -2, as some writers do
        var tensor = new TensorProto { DataType = (int)DataType.Int8, Dims = { 2 }, Int32Data = { 254, 1 } };
        var model = new OnnxModel(TinyModel.Of(TinyModel.Graph([], tensor)), "typed");
        model.WriteRaw(tensor, [0xfe, 2]);
        Assert.Equal([254, 2], tensor.Int32Data);
        model.WriteRaw(tensor, [0xfd, 2]);
        Assert.Equal([-3, 2], tensor.Int32Data);
    }

    [Fact]
    public void Writing_another_length_is_refused()
    {
        var model = new OnnxModel(TinyModel.Add(3), "m");
        var e = Assert.Throws<ArgumentException>(() => model.WriteRaw(model.Proto.Graph.Initializer[0], new byte[11]));
        Assert.StartsWith("'m', tensor 'w': expected 12 bytes, got 11", e.Message);
        Assert.Equal(TinyModel.Numbers(3), model.ReadRaw(model.Proto.Graph.Initializer[0]));
    }

    [Fact]
    public void A_tensor_without_data_gets_it_as_raw_data()
    {
        var tensor = new TensorProto { DataType = (int)DataType.Float16, Dims = { 2 } };
        var model = new OnnxModel(TinyModel.Of(TinyModel.Graph([], tensor)), "m");
        model.WriteRaw(tensor, [1, 2, 3, 4]);
        Assert.Equal([1, 2, 3, 4], tensor.RawData.ToByteArray());

        var empty = new TensorProto { DataType = (int)DataType.Float, Dims = { 0 } };
        model.WriteRaw(empty, model.ReadRaw(empty));
        Assert.False(empty.HasRawData);
    }

    [Fact]
    public void Strings_have_no_raw_form()
    {
        var tensor = new TensorProto { DataType = (int)DataType.String, Dims = { 1 }, StringData = { ByteString.CopyFromUtf8("cat") } };
        Assert.Throws<ArgumentException>(() => new OnnxModel(TinyModel.Add(), "m").ReadRaw(tensor));
        Assert.Throws<ArgumentException>(() => ElementTypes.RawBytes(tensor));
    }

    [Theory]
    [InlineData(DataType.Int4, 3, 2)]
    [InlineData(DataType.Uint2, 5, 2)]
    [InlineData(DataType.Float4E2M1, 4, 2)]
    [InlineData(DataType.Float8E8M0, 5, 5)]
    [InlineData(DataType.Complex128, 2, 32)]
    [InlineData(DataType.Bool, 7, 7)]
    public void Elements_take_their_bits_and_the_last_byte_is_padded(DataType type, long count, long bytes) =>
        Assert.Equal(bytes, ElementTypes.RawBytes(type, count));

    [Fact]
    public void Every_type_of_onnx_is_known_and_named()
    {
        var types = Enum.GetValues<DataType>().Except([DataType.Undefined]).ToList();
        Assert.All(types, t => Assert.True(ElementTypes.IsKnown(t)));
        Assert.Equal(types.Count, types.Select(ElementTypes.Name).Distinct().Count());
        Assert.False(ElementTypes.IsKnown(DataType.Undefined));
        Assert.Equal(("float32", 32), (ElementTypes.Name(DataType.Float), ElementTypes.Bits(DataType.Float)));
    }

    static (int, int, int, int, int) Entries(TensorProto t) => (t.FloatData.Count, t.DoubleData.Count, t.Int32Data.Count, t.Int64Data.Count, t.Uint64Data.Count);
}
