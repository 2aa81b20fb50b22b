using Onnx;
using static Onnx.AttributeProto.Types;

namespace OnnxAmalgam.Graphs.Validation;

/// <summary>Rules of attributes: a name of its own, one value, and a type that says which.</summary>
sealed class AttributeRules(Findings findings, TensorRules tensors, long irVersion)
{
    /// <summary>Checks the attributes of a node.</summary>
    /// <param name="node">The node.</param>
    /// <param name="place">The node's place.</param>
    /// <param name="mayReference">Whether it lies in a function, where an attribute may refer to the call's.</param>
    public void Check(NodeProto node, string place, bool mayReference)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var attribute in node.Attribute)
        {
            var here = $"{place}, attribute {Place.Quote(attribute.Name)}";
            if (attribute.Name.Length == 0) findings.Error(here, "a name, got none");
            if (!names.Add(attribute.Name)) findings.Error(here, "each attribute once, got it twice");
            if (attribute.RefAttrName.Length > 0 && !mayReference)
                findings.Error(here, $"a value, got a reference to {Place.Quote(attribute.RefAttrName)}, which only functions may have");
            Value(attribute, here);
            Tensors(attribute, here);
        }
    }

    void Value(AttributeProto attribute, string here)
    {
        var values = Values(attribute);
        if (attribute.RefAttrName.Length > 0)
        {
            if (values.Count > 0) findings.Error(here, $"no value beside its reference, got {List(values)}");
            return;
        }
        if (attribute.Type == AttributeType.Undefined)
        {
            // The first version of the format had no type field.
            if (irVersion >= 2 || values.Count != 1) findings.Error(here, $"a type, got none and {List(values)}");
            return;
        }
        if (!Enum.IsDefined(attribute.Type)) findings.Error(here, $"a known type, got {(int)attribute.Type}");
        else if (values.Count > 1 || values.Count == 1 && values[0] != attribute.Type) findings.Error(here, $"one value of type {Word(attribute.Type)}, got {List(values)}");
        else if (values.Count == 0 && NeedsValue(attribute.Type)) findings.Error(here, $"one value of type {Word(attribute.Type)}, got none");
    }

    void Tensors(AttributeProto attribute, string here)
    {
        foreach (var tensor in attribute.T is null ? attribute.Tensors : attribute.Tensors.Prepend(attribute.T)) tensors.Check(tensor, here);
        foreach (var sparse in attribute.SparseTensor is null ? attribute.SparseTensors : attribute.SparseTensors.Prepend(attribute.SparseTensor))
            tensors.Check(sparse, here);
    }

    /// <summary>A list may be empty, and a proto3 encoder leaves out 0, 0.0 and "": no field then stands for that value.</summary>
    static bool NeedsValue(AttributeType type) =>
        type is AttributeType.Tensor or AttributeType.Graph or AttributeType.SparseTensor or AttributeType.TypeProto;

    static List<AttributeType> Values(AttributeProto a)
    {
        var values = new List<AttributeType>();
        Add(a.HasF, AttributeType.Float);
        Add(a.HasI, AttributeType.Int);
        Add(a.HasS, AttributeType.String);
        Add(a.T is not null, AttributeType.Tensor);
        Add(a.G is not null, AttributeType.Graph);
        Add(a.SparseTensor is not null, AttributeType.SparseTensor);
        Add(a.Tp is not null, AttributeType.TypeProto);
        Add(a.Floats.Count > 0, AttributeType.Floats);
        Add(a.Ints.Count > 0, AttributeType.Ints);
        Add(a.Strings.Count > 0, AttributeType.Strings);
        Add(a.Tensors.Count > 0, AttributeType.Tensors);
        Add(a.Graphs.Count > 0, AttributeType.Graphs);
        Add(a.SparseTensors.Count > 0, AttributeType.SparseTensors);
        Add(a.TypeProtos.Count > 0, AttributeType.TypeProtos);
        return values;

        void Add(bool present, AttributeType type)
        {
            if (present) values.Add(type);
        }
    }

    static string List(List<AttributeType> values) => values.Count == 0 ? "no value" : string.Join(" and ", values.Select(Word));

    static string Word(AttributeType type) => type switch
    {
        AttributeType.SparseTensor => "SPARSE_TENSOR",
        AttributeType.SparseTensors => "SPARSE_TENSORS",
        AttributeType.TypeProto => "TYPE_PROTO",
        AttributeType.TypeProtos => "TYPE_PROTOS",
        _ => type.ToString().ToUpperInvariant(),
    };
}
