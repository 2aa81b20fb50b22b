using System.Runtime.InteropServices;
using Google.Protobuf;
using Onnx;
using OnnxAmalgam.Graphs.Tests.Files;
using static Onnx.AttributeProto.Types;
using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Graphs.Tests;

/// <summary>Small classifiers, made node by node on top of <see cref="TinyModel"/>; weights count up, so that any two differ.</summary>
static class Network
{
    /// <summary>A model of one image input.</summary>
    public static OnnxModel Model(ValueInfoProto image, NodeProto[] nodes, string[] outputs, params TensorProto[] weights)
    {
        var graph = TinyModel.Graph(nodes, weights);
        graph.Input.Clear();
        graph.Input.Add(image);
        graph.Output.Clear();
        graph.Output.Add(outputs.Select(name => new ValueInfoProto { Name = name }));
        return new OnnxModel(TinyModel.Of(graph), "tiny.onnx");
    }

    /// <summary>image [N,3,8,8] -> Conv 'map' -> Relu 'features' [N,6,8,8] -> GlobalAveragePool 'pool' -> Flatten 'flat' -> Gemm
    /// 'scores' [N,4], and a tail whose last node makes the output.</summary>
    public static OnnxModel Classifier(params NodeProto[] tail) => Model(
        Image("N", 3, 8, 8),
        [
            Node("Conv", ["image", "conv.weight"], ["map"], Ints("pads", 1, 1, 1, 1)),
            Node("Relu", ["map"], ["features"]),
            Node("GlobalAveragePool", ["features"], ["pool"]),
            Node("Flatten", ["pool"], ["flat"]),
            Node("Gemm", ["flat", "fc.weight", "fc.bias"], ["scores"], Int("transB", 1)),
            .. tail,
        ],
        tail.Length == 0 ? ["scores"] : [.. tail[^1].Output],
        Floats("conv.weight", 6, 3, 3, 3), Floats("fc.weight", 4, 6), Floats("fc.bias", 4));

    public static ValueInfoProto Image(params object[] dims) => Value("image", dims);

    /// <summary>A float value; each dimension a number or a name.</summary>
    public static ValueInfoProto Value(string name, params object[] dims)
    {
        var value = TinyModel.Value(name);
        value.Type.TensorType.Shape = new TensorShapeProto
        {
            Dim = { dims.Select(dim => dim is string symbol ? new TensorShapeProto.Types.Dimension { DimParam = symbol } : new TensorShapeProto.Types.Dimension { DimValue = Convert.ToInt64(dim) }) },
        };
        return value;
    }

    public static NodeProto Node(string type, string[] inputs, string[] outputs, params AttributeProto[] attributes)
    {
        var node = TinyModel.Node(type, inputs, outputs, attributes);
        if (type is "ZipMap" or "Normalizer" or "LinearClassifier" or "TreeEnsembleClassifier" or "LabelEncoder" or "ArrayFeatureExtractor")
            node.Domain = "ai.onnx.ml";
        return node;
    }

    public static TensorProto Floats(string name, params long[] dims) =>
        FloatsOf(name, [.. Enumerable.Range(1, (int)dims.Aggregate(1L, (a, b) => a * b)).Select(i => i / 64f)], dims);

    public static TensorProto FloatsOf(string name, float[] values, params long[] dims) =>
        TinyModel.Tensor(name, DataType.Float, MemoryMarshal.AsBytes<float>(values).ToArray(), dims);

    public static TensorProto Integers(string name, params long[] values) =>
        TinyModel.Tensor(name, DataType.Int64, MemoryMarshal.AsBytes<long>(values).ToArray(), values.Length);

    /// <summary>One number of rank 0.</summary>
    public static TensorProto Scalar(string name, float value) => FloatsOf(name, [value]);

    public static AttributeProto Int(string name, long value) => new() { Name = name, Type = AttributeType.Int, I = value };

    public static AttributeProto Ints(string name, params long[] values) => new() { Name = name, Type = AttributeType.Ints, Ints = { values } };

    public static AttributeProto Text(string name, string value) => new() { Name = name, Type = AttributeType.String, S = ByteString.CopyFromUtf8(value) };

    public static AttributeProto Texts(string name, params string[] values) =>
        new() { Name = name, Type = AttributeType.Strings, Strings = { values.Select(ByteString.CopyFromUtf8) } };

    public static AttributeProto Reals(string name, params float[] values) => new() { Name = name, Type = AttributeType.Floats, Floats = { values } };

    /// <summary>A stored tensor's elements.</summary>
    public static float[] Elements(OnnxModel model, string initializer) =>
        MemoryMarshal.Cast<byte, float>(model.ReadRaw(model.Proto.Graph.Initializer.Single(one => one.Name == initializer))).ToArray();

    /// <summary>One of the four teachers that are delivered.</summary>
    public static OnnxModel Teacher(string name) => OnnxModel.Load(Path.Combine(OnnxAmalgam.Tests.Shared.Repository.Root, "models", "teachers", $"{name}.onnx"));

    /// <summary>A model of tests/fixtures/exports.</summary>
    public static OnnxModel Export(string name) => OnnxModel.Load(Path.Combine(OnnxAmalgam.Tests.Shared.Repository.Root, "tests", "fixtures", "exports", $"{name}.onnx"));
}
