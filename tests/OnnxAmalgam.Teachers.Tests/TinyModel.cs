using System.Runtime.InteropServices;
using Google.Protobuf;
using Onnx;
using OnnxAmalgam.Graphs;
using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Teachers.Tests;

/// <summary>Models of a few nodes, written as they read.</summary>
internal static class TinyModel
{
    public static OnnxModel Of(ValueInfoProto input, NodeProto[] nodes, ValueInfoProto[] outputs, TensorProto[]? weights = null, long opset = 17, long ir = 8) =>
        new(Proto([input], nodes, outputs, weights ?? [], opset, ir), "tiny.onnx");

    public static ModelProto Proto(ValueInfoProto[] inputs, NodeProto[] nodes, ValueInfoProto[] outputs, TensorProto[] weights, long opset = 17, long ir = 8) => new()
    {
        IrVersion = ir,
        OpsetImport = { new OperatorSetIdProto { Domain = "", Version = opset }, new OperatorSetIdProto { Domain = "ai.onnx.ml", Version = 3 } },
        Graph = new GraphProto { Name = "tiny", Input = { inputs }, Node = { nodes }, Output = { outputs }, Initializer = { weights } },
    };

    /// <summary>A value; a negative dimension is free.</summary>
    public static ValueInfoProto Value(string name, DataType type, params long[] shape)
    {
        TypeProto.Types.Tensor tensor = new() { ElemType = (int)type, Shape = new TensorShapeProto() };
        tensor.Shape.Dim.AddRange(shape.Select(d => d < 0 ? new TensorShapeProto.Types.Dimension { DimParam = "batch" } : new() { DimValue = d }));
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } };
    }

    public static NodeProto Node(string type, string[] inputs, string[] outputs, params AttributeProto[] attributes) =>
        new() { OpType = type, Name = $"{type}_{outputs[0]}", Input = { inputs }, Output = { outputs }, Attribute = { attributes } };

    public static AttributeProto Ints(string name, params long[] values) => new() { Name = name, Type = AttributeProto.Types.AttributeType.Ints, Ints = { values } };

    public static AttributeProto Floats(string name, params float[] values) => new() { Name = name, Type = AttributeProto.Types.AttributeType.Floats, Floats = { values } };

    public static AttributeProto Int(string name, long value) => new() { Name = name, Type = AttributeProto.Types.AttributeType.Int, I = value };

    public static TensorProto Weight(string name, long[] shape, params float[] values) => new()
    {
        Name = name,
        DataType = (int)DataType.Float,
        Dims = { shape },
        RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes<float>(values)),
    };

    public static TensorProto Indices(string name, params long[] values) => new()
    {
        Name = name,
        DataType = (int)DataType.Int64,
        Dims = { values.Length },
        RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes<long>(values)),
    };

    /// <summary>features = x * 2 (as x), logits = features . [[1,10],[2,20],[3,30]] + [0.5, -0.5]; x[batch, 3].</summary>
    public static OnnxModel Classifier(long batch = -1) => Of(
        Value("x", DataType.Float, batch, 3),
        [
            Node("Add", ["x", "x"], ["features"]),
            Node("Gemm", ["features", "w", "b"], ["logits"]),
        ],
        [Value("logits", DataType.Float, batch, 2)],
        [Weight("w", [3, 2], 1, 10, 2, 20, 3, 30), Weight("b", [2], 0.5f, -0.5f)]);

    public static float[] ClassifierLogits(ReadOnlySpan<float> x)
    {
        float[] logits = new float[x.Length / 3 * 2];
        for (int n = 0; n < x.Length / 3; n++)
        {
            float sum = 2 * (x[n * 3] + (2 * x[(n * 3) + 1]) + (3 * x[(n * 3) + 2]));
            (logits[n * 2], logits[(n * 2) + 1]) = (sum + 0.5f, (10 * sum) - 0.5f);
        }

        return logits;
    }
}
