using Onnx;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Trainable.Operators;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxAmalgam.Trainable.Interpretation;

/// <summary>Which values of a model are uint16, uint32 or uint64. libtorch (as TorchSharp has it) lacks them: int64 holds them, and only rows that say so compute the same then.</summary>
internal sealed class UnsignedValues
{
    readonly IReadOnlyDictionary<string, ValueFact>? _facts;
    readonly bool _hasFunctions;

    UnsignedValues(IReadOnlyDictionary<string, ValueFact>? facts, bool hasFunctions) => (_facts, _hasFunctions) = (facts, hasFunctions);

    /// <summary>Looks for them; types are inferred only where the file names one of the three anywhere.</summary>
    public static UnsignedValues Of(OnnxModel model)
    {
        var functions = model.Proto.Functions;
        var any = Names(model.Proto.Graph) || functions.Any(function => function.Node.Any(Names));
        return new(any ? Facts.Infer(model) : null, functions.Count > 0);
    }

    /// <summary>Why a node of the main graph, or of a body in it, would not compute the same, or null.</summary>
    public string? Refusal(NodeProto node, Operator? row, bool inBody)
    {
        if (_facts is null) return null;
        var types = Captures.ReadBy(node).Concat(node.Output.Where(name => name.Length > 0))
            .Select(name => _facts.TryGetValue(name, out var fact) ? fact.Type : DataType.Undefined).ToArray();
        if (!types.Any(TensorProtos.IsUnsigned) && !Names(node)) return null;
        var first = types.FirstOrDefault(TensorProtos.IsUnsigned);
        var got = first == DataType.Undefined ? "uint16, uint32 or uint64" : ElementTypes.Name(first);
        if (inBody || _hasFunctions || Captures.Bodies(node).Any()) return $"expected a type that libtorch has in or around a body or a local function, got {got}";
        var isKnown = node.Output.All(name => name.Length == 0 || _facts.ContainsKey(name));
        return row is { IsExactInInt64: true } && isKnown ? null : $"expected a type that libtorch has (int64 in its place would not compute the same), got {got}";
    }

    static bool Names(GraphProto graph) =>
        graph.Input.Concat(graph.Output).Concat(graph.ValueInfo).Any(value => TensorProtos.IsUnsigned((DataType)(value.Type?.TensorType?.ElemType ?? 0)))
        || graph.Initializer.Any(Names) || graph.Node.Any(Names);

    static bool Names(TensorProto tensor) => TensorProtos.IsUnsigned((DataType)tensor.DataType);

    static bool Names(NodeProto node) => node.Attribute.Any(attribute =>
        (attribute.T is { } tensor && Names(tensor)) || (attribute.Name is "to" or "dtype" or "output_dtype" && TensorProtos.IsUnsigned((DataType)attribute.I)))
        || Captures.Bodies(node).Any(Names);
}
