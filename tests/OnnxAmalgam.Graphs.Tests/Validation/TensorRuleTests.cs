using Google.Protobuf;
using Onnx;
using OnnxAmalgam.Graphs.Tests.Files;
using static Onnx.TensorProto.Types;
using static OnnxAmalgam.Graphs.Tests.Validation.Loading;

namespace OnnxAmalgam.Graphs.Tests.Validation;

public sealed class TensorRuleTests
{
    [Theory]
    [InlineData(DataType.Float, 24, new long[] { 2, 3 })]
    [InlineData(DataType.Float, 4, new long[0])]
    [InlineData(DataType.Float, 0, new long[] { 2, 0 })]
    [InlineData(DataType.Float16, 12, new long[] { 2, 3 })]
    [InlineData(DataType.Int4, 3, new long[] { 5 })]
    [InlineData(DataType.Uint2, 2, new long[] { 5 })]
    [InlineData(DataType.Float, 8192, new long[] { 2048 })]
    public void Raw_data_has_exactly_the_length_of_its_shape(DataType type, int bytes, long[] dims)
    {
        Load(Add(TinyModel.Tensor("w", type, new byte[bytes], dims)));
        foreach (var wrong in new[] { bytes - 1, bytes + 1 }.Where(b => b >= 0))
        {
            Refused(Add(TinyModel.Tensor("w", type, new byte[wrong], dims)),
                $"initializer 'w': expected {bytes} bytes for {ElementTypes.Name(type)} [{string.Join(", ", dims)}], got {wrong} bytes of raw_data");
        }
    }

    [Theory]
    [InlineData(DataType.Float, "float_data", 6)]
    [InlineData(DataType.Complex64, "float_data", 12)]
    [InlineData(DataType.Double, "double_data", 6)]
    [InlineData(DataType.Int64, "int64_data", 6)]
    [InlineData(DataType.Uint32, "uint64_data", 6)]
    [InlineData(DataType.Float16, "int32_data", 6)]
    [InlineData(DataType.Int4, "int32_data", 3)]
    [InlineData(DataType.String, "string_data", 6)]
    public void Typed_data_has_exactly_the_entries_of_its_shape_in_the_types_field(DataType type, string field, int entries)
    {
        Load(Add(Typed(type, field, entries)));
        foreach (var wrong in new[] { entries - 1, entries + 1 })
        {
            Refused(Add(Typed(type, field, wrong)),
                $"initializer 'w': expected {entries} entries for {ElementTypes.Name(type)} [2, 3], got {wrong} in {field}");
        }
        var other = field == "double_data" ? "float_data" : "double_data";
        Refused(Add(Typed(type, other, entries)), $"initializer 'w': expected {ElementTypes.Name(type)} in raw_data or {field}, got {other}");
        Refused(Add(Typed(type, field, 0)), "initializer 'w': expected data of 6 elements, got none");
    }

    [Fact]
    public void Absurd_dimensions_are_refused_before_anything_is_sized_by_them()
    {
        const string Message = "initializer 'w': expected dimensions of 0 or more and a size that fits 63 bits, got ";
        Refused(Add(TinyModel.Tensor("w", DataType.Float, [], 1L << 40, 1L << 40)), Message + "[1099511627776, 1099511627776]");
        Refused(Add(TinyModel.Tensor("w", DataType.Float, [], -1)), Message + "[-1]");
        Refused(Add(TinyModel.Tensor("w", DataType.Float, [], long.MinValue, 0)), Message + "[-9223372036854775808, 0]");
        Refused(Add(TinyModel.Tensor("w", DataType.Double, [], 1L << 61)), Message + "[2305843009213693952] of float64");
        Refused(Add(TinyModel.Tensor("w", DataType.Float, new byte[4], 1L << 60)),
            "initializer 'w': expected 4611686018427387904 bytes for float32 [1152921504606846976], got 4 bytes of raw_data");
        Load(Add(TinyModel.Tensor("w", DataType.Float, [], 1L << 40, 1L << 20, 0)));
    }

    [Fact]
    public void Data_in_two_places_or_of_an_unknown_kind_is_refused()
    {
        var both = TinyModel.Weight("w", 1);
        both.FloatData.Add(1);
        Refused(Add(both), "initializer 'w': expected its data in one field, got raw_data and float_data");

        var external = TinyModel.External("w", 1, ("location", "w.bin"));
        external.RawData = ByteString.CopyFrom(new byte[4]);
        Refused(Add(external), "initializer 'w': expected external data only, got raw_data beside it");

        Refused(Add(new TensorProto { Name = "w" }), "initializer 'w': expected a known data_type, got undefined");
        Refused(Add(new TensorProto { Name = "w", DataType = 77 }), "initializer 'w': expected a known data_type, got data type 77");
        Refused(Add(new TensorProto { Name = "w", DataType = (int)DataType.String, Dims = { 1 }, RawData = ByteString.CopyFrom([1]) }), "initializer 'w': expected strings in string_data, got raw_data");
        var segment = TinyModel.Weight("w", 1);
        segment.Segment = new TensorProto.Types.Segment { End = 1 };
        Refused(Add(segment), "initializer 'w': expected a whole tensor, got a segment of one");
    }

    [Fact]
    public void Tensors_in_attributes_bodies_and_functions_are_held_to_the_same_rules()
    {
        var bad = new AttributeProto { Name = "value", Type = AttributeProto.Types.AttributeType.Tensor, T = TinyModel.Tensor("", DataType.Float, [1], 1) };
        const string Message = "attribute 'value': expected 4 bytes for float32 [1], got 1 bytes of raw_data";
        var node = TinyModel.Node("Constant", [], ["y"], bad);
        Refused(TinyModel.Graph([node]), $"node 'Constant_y' (Constant), {Message}");

        var body = TinyModel.Body("body", TinyModel.BodyOf("t", [TinyModel.Node("Constant", [], ["t"], bad)]));
        Refused(TinyModel.Graph([TinyModel.Node("If", ["x"], ["y"], body)]), $"node 'If_y' (If), 'body', node 'Constant_t' (Constant), {Message}");

        var model = TinyModel.Add();
        model.Functions.Add(new FunctionProto { Name = "F", Domain = "d", Output = { "y" }, Node = { node } });
        Refused(model, $"function 'F', node 'Constant_y' (Constant), {Message}");
    }

    [Fact]
    public void Sparse_initializers_need_an_index_a_value_and_a_dense_shape_that_can_be()
    {
        Load(Sparse(Values(3), Indices(3), 10));
        Load(Sparse(Values(3), Indices(3, 2), 10, 10));
        const string Place = "sparse initializer 's': expected ";
        Refused(Sparse(Values(3), Indices(2), 10), Place + "indices of shape [3] or [3, 1], got [2]");
        Refused(Sparse(Values(3), Indices(3, 3), 10, 10), Place + "indices of shape [3] or [3, 2], got [3, 3]");
        Refused(Sparse(Values(3), TinyModel.Tensor("", DataType.Int32, new byte[12], 3), 10), Place + "indices of type int64, got int32");
        Refused(Sparse(Values(3), Indices(3), 10, 0), Place + "a dense shape of positive dimensions, got [10, 0]");
        Refused(Sparse(Values(3), Indices(3), 1L << 40, 1L << 40), Place + "dimensions of 0 or more and a size that fits 63 bits, got [1099511627776, 1099511627776]");
        Refused(Sparse(Values(3), null, 10), Place + "values and indices, got no indices");
        Refused(Sparse(TinyModel.Tensor("s", DataType.Float, new byte[12], 3, 1), Indices(3), 10), Place + "values of rank 1, got [3, 1]");
    }

    static TensorProto Values(int count) => TinyModel.Weight("s", count);

    static TensorProto Indices(params long[] dims) => TinyModel.Tensor("", DataType.Int64, new byte[8 * dims.Aggregate((a, b) => a * b)], dims);

    static GraphProto Sparse(TensorProto values, TensorProto? indices, params long[] dims)
    {
        var graph = TinyModel.Graph([TinyModel.Node("Add", ["x", "s"], ["y"])]);
        var sparse = new SparseTensorProto { Values = values, Dims = { dims } };
        if (indices is not null) sparse.Indices = indices;
        graph.SparseInitializer.Add(sparse);
        return graph;
    }

    static GraphProto Add(TensorProto w) => TinyModel.Graph([TinyModel.Node("Add", ["x", "w"], ["y"])], w);

    static TensorProto Typed(DataType type, string field, int entries)
    {
        var tensor = new TensorProto { Name = "w", DataType = (int)type, Dims = { 2, 3 } };
        for (var i = 0; i < entries; i++)
        {
            switch (field)
            {
                case "float_data": tensor.FloatData.Add(i); break;
                case "double_data": tensor.DoubleData.Add(i); break;
                case "int64_data": tensor.Int64Data.Add(i); break;
                case "uint64_data": tensor.Uint64Data.Add((ulong)i); break;
                case "string_data": tensor.StringData.Add(ByteString.CopyFromUtf8($"{i}")); break;
                default: tensor.Int32Data.Add(i); break;
            }
        }
        return tensor;
    }
}
