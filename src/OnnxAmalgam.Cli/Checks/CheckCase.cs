using Google.Protobuf;
using Microsoft.ML.OnnxRuntime.Tensors;
using Onnx;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Teachers;

namespace OnnxAmalgam.Cli.Checks;

/// <summary>Inputs by name, and what they must give (null: whatever ONNX Runtime says).</summary>
internal sealed record CheckCase(IReadOnlyDictionary<string, TensorData> Inputs, IReadOnlyList<TensorData>? Expected)
{
    /// <summary>Reads <c>input_N.pb</c> and <c>output_N.pb</c>, in the order of the graph's inputs and outputs.</summary>
    /// <exception cref="InputException">A file that is missing or holds no tensor of numbers.</exception>
    public static CheckCase Read(string folder, OnnxModel model)
    {
        var graph = model.Proto.Graph;
        var fed = new GraphView(graph).Inputs.Select(i => i.Name).ToHashSet(StringComparer.Ordinal);
        var inputs = new Dictionary<string, TensorData>(StringComparer.Ordinal);
        for (var i = 0; i < graph.Input.Count; i++)
        {
            var path = Path.Combine(folder, $"input_{i}.pb");
            if (fed.Contains(graph.Input[i].Name) && File.Exists(path))
                inputs.Add(graph.Input[i].Name, AsDeclared(graph.Input[i], ReadTensor(path)));
        }
        return new CheckCase(inputs, [.. graph.Output.Select((output, i) => AsDeclared(output, ReadTensor(Path.Combine(folder, $"output_{i}.pb"))))]);
    }

    /// <summary>ONNX's own generator writes bfloat16, which NumPy lacks, as uint16.</summary>
    static TensorData AsDeclared(ValueInfoProto value, TensorData data) =>
        data.Type == TensorElementType.UInt16 && (TensorElementType)value.Type.TensorType.ElemType == TensorElementType.BFloat16
            ? data with { Type = TensorElementType.BFloat16 }
            : data;

    static TensorData ReadTensor(string path)
    {
        try
        {
            var proto = TensorProto.Parser.ParseFrom(File.ReadAllBytes(path));
            var type = (TensorElementType)proto.DataType;
            return TensorData.SizeOf(type) is null
                ? throw new InputException($"'{path}': expected a tensor of numbers, got {ElementTypes.Name((TensorProto.Types.DataType)proto.DataType)}")
                : new TensorData(type, [.. proto.Dims], new OnnxModel(new ModelProto(), path).ReadRaw(proto));
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or IOException or UnauthorizedAccessException)
        {
            throw new InputException($"'{path}': expected a tensor: {e.Message}", e);
        }
    }
}
