using System.Runtime.InteropServices;
using Google.Protobuf;
using Onnx;
using OnnxAmalgam.Graphs;
using static Onnx.AttributeProto.Types;

namespace OnnxAmalgam.Trainable.Zoo;

/// <summary>Appends layers to a classifier's graph. Values carry their module's path (<c>/layer1/conv1/Conv_output_0</c>), initializers
/// PyTorch's names (<c>layer1.conv1.weight</c>), so that module paths work as taps.</summary>
sealed class GraphBuilder(string name, int channels, int height, int width, int classes, long seed)
{
    const float Epsilon = 1e-5f;
    readonly GraphProto graph = new() { Name = name };

    /// <summary>The image.</summary>
    public const string Image = "images";

    /// <summary>Image channels.</summary>
    public int Channels => channels;

    /// <summary>Shorter side in pixels.</summary>
    public int Side => Math.Min(height, width);

    /// <summary>X[n, i, h, w] -> [n, o, h', w'], padded to keep the size at stride 1; no bias unless asked for.</summary>
    public string Conv(string x, string path, int inputs, int outputs, int kernel, int stride = 1, int groups = 1, bool bias = false, bool pad = true)
    {
        long fanIn = (long)inputs / groups * kernel * kernel;
        var names = new List<string> { x, Uniform($"{path}.weight", fanIn, outputs, inputs / groups, kernel, kernel) };
        if (bias)
        {
            names.Add(Uniform($"{path}.bias", fanIn, outputs));
        }

        // an even kernel's odd pixel of padding goes after, as in "same"
        int before = pad ? (kernel - 1) / 2 : 0, after = pad ? kernel / 2 : 0;
        return Node("Conv", path, names,
            Ints("dilations", 1, 1), Int("group", groups), Ints("kernel_shape", kernel, kernel), Ints("pads", before, before, after, after), Ints("strides", stride, stride));
    }

    /// <summary>Batch normalisation over channels.</summary>
    public string BatchNorm(string x, string path, int count) => Node("BatchNormalization", path,
        [x, Constant($"{path}.weight", 1, count), Constant($"{path}.bias", 0, count), Constant($"{path}.running_mean", 0, count), Constant($"{path}.running_var", 1, count)],
        new AttributeProto { Name = "epsilon", Type = AttributeType.Float, F = Epsilon }, new AttributeProto { Name = "momentum", Type = AttributeType.Float, F = 0.9f });

    /// <summary>An operator without weights.</summary>
    public string Apply(string op, string path, params string[] inputs) => Node(op, path, inputs);

    /// <summary>max(x, 0), at most 6.</summary>
    public string Relu6(string x, string path) => Node("Clip", path, [x, Scalar($"{path}.min", 0), Scalar($"{path}.max", 6)]);

    /// <summary>x Phi(x) with the error function.</summary>
    public string Gelu(string x, string path)
    {
        string erf = Apply("Erf", $"{path}/erf", Apply("Div", $"{path}/div", x, Scalar($"{path}.sqrt2", MathF.Sqrt(2))));
        string gate = Apply("Mul", $"{path}/half", Apply("Add", $"{path}/add", erf, Scalar($"{path}.one", 1)), Scalar($"{path}.half", 0.5f));
        return Apply("Mul", path, x, gate);
    }

    /// <summary>Max pooling 3x3, stride 2, padding 1.</summary>
    public string MaxPool(string x, string path) => Node("MaxPool", path, [x], Ints("kernel_shape", 3, 3), Ints("pads", 1, 1, 1, 1), Ints("strides", 2, 2));

    /// <summary>Global average, then the linear classifier; makes the graph's output.</summary>
    public void Classify(string x, int features)
    {
        string pooled = Node("Flatten", "/flatten", [Node("GlobalAveragePool", "/avgpool", [x])], Int("axis", 1));
        var head = new NodeProto { OpType = "Gemm", Name = "/fc/Gemm" };
        head.Input.AddRange([pooled, Uniform("fc.weight", features, classes, features), Uniform("fc.bias", features, classes)]);
        head.Output.Add("logits");
        head.Attribute.Add(Int("transB", 1));
        graph.Node.Add(head);
    }

    /// <summary>The finished model.</summary>
    public OnnxModel Model(string called)
    {
        graph.Input.Add(Value(Image, channels, height, width));
        graph.Output.Add(Value("logits", classes));
        var model = new ModelProto { IrVersion = 8, ProducerName = "onnx-amalgam", Graph = graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = 17 });
        return new OnnxModel(model, called);
    }

    string Node(string op, string path, IEnumerable<string> inputs, params AttributeProto[] attributes)
    {
        string scope = path.StartsWith('/') ? path : "/" + path.Replace('.', '/');
        var node = new NodeProto { OpType = op, Name = $"{scope}/{op}" };
        node.Input.AddRange(inputs);
        node.Output.Add($"{scope}/{op}_output_0");
        node.Attribute.AddRange(attributes);
        graph.Node.Add(node);
        return node.Output[0];
    }

    string Uniform(string called, long fanIn, params long[] dims) => Initializer(called, dims, Initialisation.Uniform(dims.Aggregate(1L, (a, b) => a * b), fanIn, seed, called));

    string Constant(string called, float value, int count) => Initializer(called, [count], [.. Enumerable.Repeat(value, count)]);

    string Scalar(string called, float value) => Initializer(called, [], [value]);

    string Initializer(string called, long[] dims, float[] values)
    {
        var tensor = new TensorProto { Name = called, DataType = (int)TensorProto.Types.DataType.Float, RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes<float>(values)) };
        tensor.Dims.AddRange(dims);
        graph.Initializer.Add(tensor);
        return called;
    }

    static ValueInfoProto Value(string called, params int[] sizes)
    {
        var shape = new TensorShapeProto();
        shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimParam = "batch" });
        shape.Dim.AddRange(sizes.Select(s => new TensorShapeProto.Types.Dimension { DimValue = s }));
        return new ValueInfoProto { Name = called, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)TensorProto.Types.DataType.Float, Shape = shape } } };
    }

    static AttributeProto Int(string called, long value) => new() { Name = called, Type = AttributeType.Int, I = value };

    static AttributeProto Ints(string called, params long[] values)
    {
        var attribute = new AttributeProto { Name = called, Type = AttributeType.Ints };
        attribute.Ints.AddRange(values);
        return attribute;
    }
}
