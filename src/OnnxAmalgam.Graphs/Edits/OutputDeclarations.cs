using Onnx;

namespace OnnxAmalgam.Graphs.Edits;

/// <summary>How a value is declared when it becomes an output: as the file declares it, else by its facts, else by name alone.</summary>
internal sealed class OutputDeclarations(OnnxModel model)
{
    readonly Lazy<IReadOnlyDictionary<string, ValueFact>> facts = new(() => Facts.Infer(model));
    readonly GraphView view = new(model.Proto.Graph);

    public ValueInfoProto Of(string value)
    {
        var graph = model.Proto.Graph;
        if (graph.Output.Concat(graph.ValueInfo).Concat(graph.Input).FirstOrDefault(info => info.Name == value && info.Type is not null) is { } declared)
            return declared.Clone();
        if (!view.Contains(value))
            throw new InputException(
                $"value '{value}' does not exist in '{model.Name}'{NearestName.Hint(value, graph.Node.SelectMany(node => node.Output))} (see: onnx-amalgam inspect {ShellWord.Of(model.Name)})");
        var info = new ValueInfoProto { Name = value };
        if (facts.Value.TryGetValue(value, out var fact))
            info.Type = TypeOf(fact);
        return info;
    }

    public static TypeProto TypeOf(ValueFact fact)
    {
        var tensor = new TypeProto.Types.Tensor { ElemType = (int)fact.Type };
        if (fact.Shape is { } shape)
        {
            tensor.Shape = new TensorShapeProto();
            tensor.Shape.Dim.Add(shape.Select(DimensionOf));
        }
        return new TypeProto { TensorType = tensor };
    }

    static TensorShapeProto.Types.Dimension DimensionOf(Dim dim)
    {
        var dimension = new TensorShapeProto.Types.Dimension();
        if (dim.Size is { } size)
            dimension.DimValue = size;
        else if (dim.Symbol is { } symbol)
            dimension.DimParam = symbol;
        return dimension;
    }
}
