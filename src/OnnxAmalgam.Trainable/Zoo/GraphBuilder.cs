using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Google.Protobuf;
using Onnx;
using OnnxAmalgam.Graphs;
using DataType = Onnx.TensorProto.Types.DataType;
using AttributeType = Onnx.AttributeProto.Types.AttributeType;

namespace OnnxAmalgam.Trainable.Zoo;

/// <summary>Writes a graph node by node, with names as exporters make them: node <c>/layer3/conv1/Conv</c>, its value
/// <c>/layer3/conv1/Conv_output_0</c>, weights <c>layer3.conv1.weight</c>.</summary>
/// <param name="seed">Draws the weights; each weight has a stream of its own, named after it.</param>
internal sealed class GraphBuilder(long seed)
{
    /// <summary>Elements of one weight: a gigabyte of them.</summary>
    const long MostElements = 1 << 28;

    readonly GraphProto _graph = new();
    readonly HashSet<string> _nodes = new(StringComparer.Ordinal);

    /// <summary>Opset of zoo students, and the lowest IR version that ONNX pairs with it.</summary>
    public const long Opset = 17, IrVersion = 8;

    /// <summary>Adds a node below a module path and returns its value's name.</summary>
    public string Node(string module, string type, string[] inputs, params AttributeProto[] attributes)
    {
        ReadOnlySpan<char> path = module.Length == 0 ? "" : "/";
        var stem = $"{path}{module}/{type}";
        var name = stem;
        for (var i = 1; !_nodes.Add(name); i++) name = $"{stem}_{i}";
        var node = new NodeProto { Name = name, OpType = type };
        node.Input.AddRange(inputs);
        node.Output.Add(name + "_output_0");
        node.Attribute.AddRange(attributes);
        _graph.Node.Add(node);
        return node.Output[0];
    }

    /// <summary>A weight drawn as PyTorch draws those of convolutions and linear layers.</summary>
    public string Uniform(string name, int fanIn, params long[] dims) =>
        Weight(name, Initialisation.LinearUniform(Elements(name, dims), fanIn, seed, name), dims);

    /// <summary>A weight drawn from the normal distribution, cut at two deviations.</summary>
    public string Normal(string name, float deviation, params long[] dims) =>
        Weight(name, Initialisation.TruncatedNormal(Elements(name, dims), deviation, seed, name), dims);

    /// <summary>A weight of equal elements.</summary>
    public string Filled(string name, float value, params long[] dims)
    {
        var values = new float[Elements(name, dims)];
        Array.Fill(values, value);
        return Weight(name, values, dims);
    }

    static long Elements(string name, long[] dims) => ElementTypes.Count(dims) is <= MostElements and var count
        ? count
        : throw new InputException($"student, weight '{name}': expected at most {MostElements} elements, got {string.Join('x', dims)}; choose a smaller student");

    /// <summary>Integers: a shape, axes.</summary>
    public string Ints(string name, params long[] values)
    {
        var tensor = new TensorProto { Name = name, DataType = (int)DataType.Int64, RawData = Raw(values, BinaryPrimitives.ReverseEndianness) };
        tensor.Dims.Add(values.Length);
        _graph.Initializer.Add(tensor);
        return name;
    }

    /// <summary>A single float.</summary>
    public string Scalar(string name, float value) => Weight(name, [value], []);

    /// <summary>The finished model with one input <c>images</c> and one output <c>logits</c>, which the last node makes.</summary>
    public OnnxModel Finish(string name, int channels, int height, int width, int classes)
    {
        _graph.Name = name;
        _graph.Node[^1].Output[0] = "logits";
        _graph.Input.Add(Value("images", new() { DimParam = "batch" }, Size(channels), Size(height), Size(width)));
        _graph.Output.Add(Value("logits", new() { DimParam = "batch" }, Size(classes)));
        var model = new ModelProto { IrVersion = IrVersion, ProducerName = "OnnxAmalgam", Graph = _graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = Opset });
        return new OnnxModel(model, name);
    }

    /// <summary>An integer attribute.</summary>
    public static AttributeProto Int(string name, long value) => new() { Name = name, Type = AttributeType.Int, I = value };

    /// <summary>A number attribute.</summary>
    public static AttributeProto Float(string name, float value) => new() { Name = name, Type = AttributeType.Float, F = value };

    /// <summary>A list of integers.</summary>
    public static AttributeProto Ints(string name, ReadOnlySpan<long> values)
    {
        var attribute = new AttributeProto { Name = name, Type = AttributeType.Ints };
        attribute.Ints.AddRange(values.ToArray());
        return attribute;
    }

    string Weight(string name, float[] values, long[] dims)
    {
        var bits = Array.ConvertAll(values, BitConverter.SingleToInt32Bits);
        var tensor = new TensorProto { Name = name, DataType = (int)DataType.Float, RawData = Raw(bits, BinaryPrimitives.ReverseEndianness) };
        tensor.Dims.AddRange(dims);
        _graph.Initializer.Add(tensor);
        return name;
    }

    /// <summary>ONNX stores little-endian.</summary>
    static ByteString Raw<T>(T[] values, Func<T, T> reverse) where T : unmanaged =>
        ByteString.CopyFrom(MemoryMarshal.AsBytes<T>(BitConverter.IsLittleEndian ? values : Array.ConvertAll(values, new Converter<T, T>(reverse))));

    static ValueInfoProto Value(string name, params TensorShapeProto.Types.Dimension[] dims)
    {
        var shape = new TensorShapeProto();
        shape.Dim.AddRange(dims);
        return new() { Name = name, Type = new() { TensorType = new() { ElemType = (int)DataType.Float, Shape = shape } } };
    }

    static TensorShapeProto.Types.Dimension Size(long size) => new() { DimValue = size };
}
