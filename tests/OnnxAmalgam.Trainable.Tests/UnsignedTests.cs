using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Onnx;
using OnnxAmalgam.Graphs;
using static OnnxAmalgam.Trainable.Tests.Conformance.Case;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxAmalgam.Trainable.Tests;

/// <summary>uint16, uint32 and uint64 are held in int64: what is exact then computes as ONNX Runtime does, all else is refused by name.</summary>
public sealed class UnsignedTests
{
    static readonly ulong[] A4 = [5, 0, 40_000, 65_535], B4 = [7, 3, 65_535, 2];

    /// <summary>Node, inputs, and the types in which ONNX Runtime has it.</summary>
    public static TheoryData<string, DataType[], int[]> Exact => new()
    {
        { "Max", [DataType.Uint32, DataType.Uint64], [4, 4] },
        { "Min", [DataType.Uint32, DataType.Uint64], [4, 4] },
        { "Mod", [DataType.Uint16, DataType.Uint32, DataType.Uint64], [4, 4] },
        { "Equal", [DataType.Uint32, DataType.Uint64], [4, 4] },
        { "Greater", [DataType.Uint32, DataType.Uint64], [4, 4] },
        { "Less", [DataType.Uint32, DataType.Uint64], [4, 4] },
        { "GreaterOrEqual", [DataType.Uint32, DataType.Uint64], [4, 4] },
        { "LessOrEqual", [DataType.Uint32, DataType.Uint64], [4, 4] },
        { "Identity", [DataType.Uint16, DataType.Uint32, DataType.Uint64], [4] },
        { "Concat", [DataType.Uint16, DataType.Uint32, DataType.Uint64], [4, 4] },
        { "Transpose", [DataType.Uint16, DataType.Uint32, DataType.Uint64], [4] },
        { "Flatten", [DataType.Uint16, DataType.Uint32, DataType.Uint64], [4] },
        { "Shape", [DataType.Uint16, DataType.Uint32, DataType.Uint64], [4] },
        { "Size", [DataType.Uint16, DataType.Uint32, DataType.Uint64], [4] },
    };

    [Theory]
    [MemberData(nameof(Exact))]
    public void What_int64_computes_as_well_agrees_with_ORT_to_the_last_digit(string type, DataType[] types, int[] lengths)
    {
        foreach (var unsigned in types)
        {
            var model = Model(unsigned, type, lengths.Length, type == "Concat" ? [A("axis", 0)] : []);
            AgreesWithOrt(model, lengths.Length);
        }
    }

    [Fact]
    public void Numbers_are_cast_to_and_from_them()
    {
        foreach (var unsigned in (DataType[])[DataType.Uint16, DataType.Uint32, DataType.Uint64])
        {
            var model = Model(unsigned, "Cast", 1, [A("to", (long)DataType.Float)]);
            AgreesWithOrt(model, 1);
        }

        using var scope = NewDisposeScope();
        foreach (var (unsigned, expected) in ((DataType, long)[])[(DataType.Uint16, 65_535), (DataType.Uint32, 4_294_967_295)])
        {
            var x = tensor((long[])[-1, 70_000, 3]);
            var model = new TinyModel().Input("x", x).Node("Cast", "x", "u", A("to", (long)unsigned)).Node("Cast", "u", "y", A("to", (long)DataType.Int64)).Output("y").Build();
            using var graph = new TrainableGraph(model);
            var y = graph.forward(x);
            Assert.Equal(expected, y[0].item<long>());
            Compare.Close(Ort.Run(model.ToBytes(), new Dictionary<string, Tensor> { ["x"] = x })[0], y, 0, 0, $"{unsigned}");
        }
    }

    [Fact]
    public void Floats_to_the_power_of_them_are_powers()
    {
        using var scope = NewDisposeScope();
        var x = tensor((float[])[1.5f, -2, 3, 0.5f]);
        var model = new TinyModel().Input("x", x).Node("Pow", "x u", "p").Output("p");
        model.Proto.Graph.Initializer.Add(Proto("u", DataType.Uint32, 2, 1, 3, 0)); // no kernel of ORT's
        using var graph = new TrainableGraph(model.Build());
        Compare.Close(tensor((float[])[2.25f, -2, 27, 1]), graph.forward(x), 1e-6, 0, "power");
    }

    [Fact]
    public void Stored_ones_that_are_chosen_from_and_rearranged_agree_with_ORT()
    {
        using var scope = NewDisposeScope();
        var places = tensor((long[])[3, 1]);
        var model = new TinyModel().Input("i", places).Node("Gather", "u i", "g").Node("Reshape", "g s", "r").Node("Tile", "r two", "t")
            .Node("Slice", "t begin two", "k").Node("Unsqueeze", "k zero", "q").Node("Squeeze", "q zero", "z").Node("Split", "z", "h j", A("axis", 1)).Node("Expand", "h shape", "e").Node("Where", "c e m", "w")
            .Node("Cast", "w", "y", A("to", (long)DataType.Float)).Output("y")
            .Stored("s", tensor((long[])[1, 2])).Stored("two", tensor((long[])[2, 2])).Stored("begin", tensor((long[])[0, 0])).Stored("zero", tensor((long[])[0])).Stored("shape", tensor((long[])[2, 2])).Stored("c", tensor((bool[])[true, false]));
        model.Proto.Graph.Initializer.Add(Proto("u", DataType.Uint32, 2, 1, 3, 0));
        model.Proto.Graph.Initializer.Add(Proto("m", DataType.Uint32, 70_000));
        using var graph = new TrainableGraph(model.Build());
        Compare.Close(Ort.Run(model.Build().ToBytes(), new Dictionary<string, Tensor> { ["i"] = places })[0], graph.forward(places), 0, 0, "choice");
    }

    [Fact]
    public void What_wraps_around_or_reads_bits_is_refused_by_name()
    {
        var refused = Assert.Throws<UnsupportedModelException>(() => new TrainableGraph(Model(DataType.Uint32, "Add", 2, [])));
        Assert.Contains("node 'make_y' (Add-7): expected a type that libtorch has (int64 in its place would not compute the same), got uint32", refused.Message, StringComparison.Ordinal);
        Assert.Throws<UnsupportedModelException>(() => new TrainableGraph(Model(DataType.Uint64, "BitwiseNot", 1, [])));

        var body = new TinyModel().Node("Constant", "", "b", A("value", Proto("", DataType.Uint16, 3))).Node("Cast", "b", "t", A("to", (long)DataType.Float)).Output("t");
        using var scope = NewDisposeScope();
        var branches = new TinyModel().Input("c", tensor(true)).Node("If", "c", "y", A("then_branch", body), A("else_branch", body)).Output("y").Build();
        Assert.Contains("in or around a body or a local function, got uint16, uint32 or uint64", Assert.Throws<UnsupportedModelException>(() => new TrainableGraph(branches)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Numbers_beyond_int64_are_refused()
    {
        var model = new TinyModel().Node("Cast", "u", "y", A("to", (long)DataType.Float)).Output("y");
        model.Proto.Graph.Initializer.Add(Proto("u", DataType.Uint64, 1, ulong.MaxValue));
        Assert.Contains("node 'u' (initializer): expected numbers below 2^63, got 18446744073709551615", Assert.Throws<UnsupportedModelException>(() => new TrainableGraph(model.Build())).Message, StringComparison.Ordinal);

        using var scope = NewDisposeScope();
        var x = tensor((float[])[-1]);
        using var graph = new TrainableGraph(new TinyModel().Input("x", x).Node("Cast", "x", "y", A("to", (long)DataType.Uint64)).Output("y").Build());
        Assert.Contains("expected numbers from 0 to 2^63 - 1 for uint64", Assert.Throws<InputException>(() => graph.forward(x)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(DataType.Float8E4M3Fn, "float8e4m3fn")]
    [InlineData(DataType.Float8E5M2, "float8e5m2")]
    [InlineData(DataType.Float4E2M1, "float4e2m1")]
    [InlineData(DataType.Int4, "int4")]
    [InlineData(DataType.Uint4, "uint4")]
    public void Types_that_nothing_holds_are_refused_by_name(DataType type, string name)
    {
        using var scope = NewDisposeScope();
        var stored = new TinyModel(21).Input("x", zeros(2)).Node("DequantizeLinear", "w s", "d").Node("Add", "x d", "y").Output("y").Stored("s", tensor(0.5f));
        stored.Proto.Graph.Initializer.Add(new TensorProto { Name = "w", DataType = (int)type, Dims = { 2 }, RawData = Google.Protobuf.ByteString.CopyFrom(new byte[ElementTypes.Bits(type) / 4]) });
        var model = stored.Build();
        var refused = Assert.Throws<UnsupportedModelException>(() => new TrainableGraph(model));
        Assert.Contains($"node 'w' (initializer): expected a type that libtorch has, got {name}", refused.Message, StringComparison.Ordinal);
        Assert.Equal(refused.Nodes, TrainingSupport.Missing(model));

        var cast = new TinyModel(21).Input("x", zeros(2)).Node("Cast", "x", "q", A("to", (long)type)).Node("Cast", "q", "y", A("to", 1L)).Output("y").Build();
        Assert.Contains($"attribute 'to': expected a type that libtorch has, got {name}", Assert.Throws<UnsupportedModelException>(() => new TrainableGraph(cast)).Message, StringComparison.Ordinal);
    }

    /// <summary>One node between inputs a, b and output y.</summary>
    static OnnxModel Model(DataType type, string op, int inputs, AttributeProto[] attributes)
    {
        using var scope = NewDisposeScope();
        var model = new TinyModel(18);
        foreach (var name in (string[])["a", "b"]) if (model.Proto.Graph.Input.Count < inputs) model.Input(name, zeros(4, ScalarType.Int64));
        foreach (var input in model.Proto.Graph.Input) input.Type.TensorType.ElemType = (int)type;
        return model.Node(op, inputs == 1 ? "a" : "a b", "y", attributes).Output("y").Build();
    }

    static void AgreesWithOrt(OnnxModel model, int inputs)
    {
        using var scope = NewDisposeScope();
        var type = (DataType)model.Proto.Graph.Input[0].Type.TensorType.ElemType;
        ulong[][] values = [.. new[] { A4, B4 }.Take(inputs)];
        using var session = new InferenceSession(model.ToBytes());
        using var results = session.Run([.. values.Select((numbers, i) => Feed("ab"[i..(i + 1)], type, numbers))]);
        using var graph = new TrainableGraph(model);
        var feeds = values.Select((numbers, i) => ("ab"[i..(i + 1)], tensor(Array.ConvertAll(numbers, x => (long)x)))).ToDictionary(pair => pair.Item1, pair => pair.Item2);
        var actual = graph.Run(feeds, ["y"])[0];
        Assert.Equal<double[]>(Numbers(results[0]), [.. actual.to_type(ScalarType.Float64).flatten().data<double>()]);
    }

    static double[] Numbers(DisposableNamedOnnxValue value) => value.ElementType switch
    {
        TensorElementType.UInt16 => Array.ConvertAll(value.AsTensor<ushort>().ToArray(), x => (double)x),
        TensorElementType.UInt32 => Array.ConvertAll(value.AsTensor<uint>().ToArray(), x => (double)x),
        TensorElementType.UInt64 => Array.ConvertAll(value.AsTensor<ulong>().ToArray(), x => (double)x),
        TensorElementType.Int64 => Array.ConvertAll(value.AsTensor<long>().ToArray(), x => (double)x),
        TensorElementType.Float => Array.ConvertAll(value.AsTensor<float>().ToArray(), x => (double)x),
        TensorElementType.Bool => Array.ConvertAll(value.AsTensor<bool>().ToArray(), x => x ? 1.0 : 0),
        var other => throw new NotSupportedException($"{other}"),
    };

    static NamedOnnxValue Feed(string name, DataType type, ulong[] numbers) => type switch
    {
        DataType.Uint16 => NamedOnnxValue.CreateFromTensor(name, new DenseTensor<ushort>(Array.ConvertAll(numbers, x => (ushort)x), [numbers.Length])),
        DataType.Uint32 => NamedOnnxValue.CreateFromTensor(name, new DenseTensor<uint>(Array.ConvertAll(numbers, x => (uint)x), [numbers.Length])),
        _ => NamedOnnxValue.CreateFromTensor(name, new DenseTensor<ulong>(numbers, [numbers.Length])),
    };

    static TensorProto Proto(string name, DataType type, params ulong[] numbers)
    {
        byte[] raw = [.. numbers.SelectMany(x => MemoryMarshal.AsBytes<ulong>([x])[..(ElementTypes.Bits(type) / 8)].ToArray())];
        return new() { Name = name, DataType = (int)type, Dims = { numbers.Length }, RawData = Google.Protobuf.ByteString.CopyFrom(raw) };
    }
}
