using Google.Protobuf;
using Onnx;
using static Onnx.AttributeProto.Types;
using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Graphs.Tests.Files;

/// <summary>Models of a few nodes, made field by field.</summary>
static class TinyModel
{
    /// <summary>y = x + w, with w as float32 raw data of that many elements.</summary>
    public static ModelProto Add(int elements = 3) => Of(Graph([Node("Add", ["x", "w"], ["y"])], Weight("w", elements)));

    public static ModelProto Of(GraphProto graph) => new()
    {
        IrVersion = 8,
        ProducerName = "tests",
        Graph = graph,
        OpsetImport = { new OperatorSetIdProto { Domain = "", Version = 17 } },
    };

    public static GraphProto Graph(IEnumerable<NodeProto> nodes, params TensorProto[] initializers) => new()
    {
        Node = { nodes },
        Name = "g",
        Initializer = { initializers },
        Input = { Value("x") },
        Output = { Value("y") },
    };

    public static NodeProto Node(string type, string[] inputs, string[] outputs, params AttributeProto[] attributes) => new()
    {
        Input = { inputs },
        Output = { outputs },
        Name = $"{type}_{string.Join('_', outputs)}",
        OpType = type,
        Attribute = { attributes },
    };

    public static ValueInfoProto Value(string name) => new()
    {
        Name = name,
        Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)DataType.Float } },
    };

    public static TensorProto Weight(string name, int elements) =>
        Tensor(name, DataType.Float, Numbers(elements), elements);

    public static TensorProto Tensor(string name, DataType type, byte[] raw, params long[] dims) => new()
    {
        Dims = { dims },
        DataType = (int)type,
        Name = name,
        RawData = ByteString.CopyFrom(raw),
    };

    /// <summary>A tensor whose data lies elsewhere.</summary>
    public static TensorProto External(string name, int elements, params (string Key, string Value)[] entries) => new()
    {
        Dims = { elements },
        DataType = (int)DataType.Float,
        Name = name,
        ExternalData = { entries.Select(e => new StringStringEntryProto { Key = e.Key, Value = e.Value }) },
        DataLocation = DataLocation.External,
    };

    public static AttributeProto Body(string name, GraphProto graph) => new() { Name = name, Type = AttributeType.Graph, G = graph };

    /// <summary>A body without inputs that makes one output.</summary>
    public static GraphProto BodyOf(string output, IEnumerable<NodeProto> nodes, params TensorProto[] initializers) => new()
    {
        Node = { nodes },
        Name = $"body_{output}",
        Initializer = { initializers },
        Output = { Value(output) },
    };

    /// <summary>Float bytes that differ from element to element.</summary>
    public static byte[] Numbers(int elements, int seed = 1)
    {
        var bytes = new byte[elements * sizeof(float)];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
