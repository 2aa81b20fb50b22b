using Google.Protobuf.Collections;
using Onnx;

namespace OnnxAmalgam.Graphs.Edits;

/// <summary>Gives every value, node and symbolic size of a graph and its bodies another name. What hides an outer name goes on doing so, as equal
/// names stay equal and different ones different.</summary>
/// <param name="value">The new name of a value.</param>
/// <param name="node">The new name of a node.</param>
/// <param name="symbol">Writes what a symbolic size is now.</param>
internal sealed class Renaming(Func<string, string> value, Func<string, string> node, Action<string, TensorShapeProto.Types.Dimension> symbol)
{
    /// <summary>Renames in place.</summary>
    public void Apply(GraphProto graph)
    {
        foreach (var info in graph.Input.Concat(graph.Output).Concat(graph.ValueInfo))
        {
            info.Name = value(info.Name);
            if (info.Type is not null)
                Apply(info.Type);
        }

        foreach (var tensor in graph.Initializer.Concat(graph.SparseInitializer.Select(sparse => sparse.Values)))
            tensor.Name = value(tensor.Name);
        foreach (var annotation in graph.QuantizationAnnotation)
        {
            annotation.TensorName = value(annotation.TensorName);
            foreach (var entry in annotation.QuantParameterTensorNames)
                entry.Value = value(entry.Value);
        }

        foreach (var one in graph.Node)
        {
            Apply(one.Input);
            Apply(one.Output);
            if (one.Name.Length > 0)
                one.Name = node(one.Name);
            foreach (var body in Captures.Bodies(one))
                Apply(body);
        }
    }

    void Apply(RepeatedField<string> names)
    {
        for (var i = 0; i < names.Count; i++)
        {
            if (names[i].Length > 0)
                names[i] = value(names[i]);
        }
    }

    void Apply(TypeProto type)
    {
        var shape = type.TensorType?.Shape ?? type.SparseTensorType?.Shape;
        foreach (var dim in shape?.Dim.Where(dim => dim.HasDimParam && dim.DimParam.Length > 0) ?? [])
            symbol(dim.DimParam, dim);
        foreach (var inner in new[] { type.SequenceType?.ElemType, type.OptionalType?.ElemType, type.MapType?.ValueType }.OfType<TypeProto>())
            Apply(inner);
    }
}
