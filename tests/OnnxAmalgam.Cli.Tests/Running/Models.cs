using System.Runtime.InteropServices;
using Google.Protobuf;
using Onnx;
using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Cli.Tests.Running;

/// <summary>Classifiers of a few nodes, as they are and broken in every way that a test needs.</summary>
internal static class Models
{
    /// <summary>images[batch, 1, size, size] -> Conv 2x1x3x3 -> Relu -> GlobalAveragePool -> Flatten -> Gemm -> logits[batch, 2].</summary>
    public static ModelProto Classifier(int size = 8) => new()
    {
        IrVersion = 8,
        ProducerName = "tests",
        OpsetImport = { new OperatorSetIdProto { Domain = "", Version = 17 } },
        Graph = new GraphProto
        {
            Name = "classifier",
            Input = { Value("images", null, 1, size, size) },
            Output = { Value("logits", null, 2) },
            Initializer = { Weight("kernel", 2, 1, 3, 3), Weight("weight", 2, 2), Weight("bias", 2) },
            Node =
            {
                Node("Conv", ["images", "kernel"], "map"),
                Node("Relu", ["map"], "feature"),
                Node("GlobalAveragePool", ["feature"], "pooled"),
                Node("Flatten", ["pooled"], "flat"),
                Node("Gemm", ["flat", "weight", "bias"], "logits"),
            },
        },
    };

    /// <summary>The classifier after a change.</summary>
    public static byte[] With(Action<ModelProto> change)
    {
        ModelProto model = Classifier();
        change(model);
        return model.ToByteArray();
    }

    /// <summary>A valid model with two operators that cannot be trained here.</summary>
    public static byte[] WithForeignOperators() => With(m =>
    {
        m.Graph.Node[1] = Node("Relu", ["map2"], "feature");
        m.Graph.Node.Insert(1, Node("RandomNormalLike", ["map"], "map1"));
        m.Graph.Node.Insert(2, Node("Bernoulli", ["map1"], "map2"));
    });

    /// <summary>The classifier with a BatchNorm as PyTorch exports one that was never trained: weight and variance, bias and mean are one tensor each.</summary>
    public static byte[] WithSharedStatistics() => With(m =>
    {
        m.Graph.Initializer.Add(new TensorProto { Name = "one", DataType = (int)DataType.Float, Dims = { 2 }, RawData = Floats(1, 1) });
        m.Graph.Initializer.Add(new TensorProto { Name = "zero", DataType = (int)DataType.Float, Dims = { 2 }, RawData = Floats(0, 0) });
        m.Graph.Node[1] = Node("Relu", ["normed"], "feature");
        m.Graph.Node.Insert(1, Node("BatchNormalization", ["map", "one", "zero", "zero", "one"], "normed"));
    });

    /// <summary>Logits that are NaN where the first pixel is 255: the square root of 128 minus it.</summary>
    public static byte[] NaNForBrightCorners() => With(m =>
    {
        GraphProto graph = m.Graph;
        graph.Initializer.Add(Integers("starts", 0, 0));
        graph.Initializer.Add(Integers("ends", 1, 1));
        graph.Initializer.Add(Integers("axes", 2, 3));
        graph.Initializer.Add(new TensorProto { Name = "half", DataType = (int)DataType.Float, Dims = { 1 }, RawData = Floats(0.5f) });
        graph.Node[4] = Node("Gemm", ["flat", "weight", "bias"], "scores");
        graph.Node.Add(Node("Slice", ["images", "starts", "ends", "axes"], "corner"));
        graph.Node.Add(Node("Flatten", ["corner"], "pixel"));
        graph.Node.Add(Node("Sub", ["half", "pixel"], "rest"));
        graph.Node.Add(Node("Sqrt", ["rest"], "root"));
        graph.Node.Add(Node("Add", ["scores", "root"], "logits"));
    });

    public static NodeProto Node(string type, string[] inputs, string output) => new() { OpType = type, Name = $"{type}_{output}", Input = { inputs }, Output = { output } };

    /// <summary>A float value; null is a free dimension, which the batch is anyway.</summary>
    public static ValueInfoProto Value(string name, params long?[] shape)
    {
        var dims = shape.Select(d => d is { } size ? new TensorShapeProto.Types.Dimension { DimValue = size } : new() { DimParam = "batch" });
        return new ValueInfoProto
        {
            Name = name,
            Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)DataType.Float, Shape = new TensorShapeProto { Dim = { dims } } } },
        };
    }

    /// <summary>Small numbers that differ from element to element.</summary>
    public static TensorProto Weight(string name, params long[] shape) => new()
    {
        Name = name,
        DataType = (int)DataType.Float,
        Dims = { shape },
        RawData = Floats([.. Enumerable.Range(1, (int)shape.Aggregate(1L, (a, b) => a * b)).Select(i => MathF.Sin(i))]),
    };

    static TensorProto Integers(string name, params long[] values) => new()
    {
        Name = name,
        DataType = (int)DataType.Int64,
        Dims = { values.Length },
        RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes<long>(values)),
    };

    static ByteString Floats(params float[] values) => ByteString.CopyFrom(MemoryMarshal.AsBytes<float>(values));
}
