using Onnx;
using OnnxAmalgam.Graphs.Files;
using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Graphs.Validation;

/// <summary>Rules of tensors: a known type, a shape that can be, one place for the data, and exactly as much data as type and shape say.
/// Sizes are looked at, weights are not read.</summary>
sealed class TensorRules(OnnxModel model, Findings findings)
{
    /// <summary>Checks a dense tensor.</summary>
    public void Check(TensorProto tensor, string place)
    {
        var type = (DataType)tensor.DataType;
        if (!ElementTypes.IsKnown(type))
        {
            findings.Error(place, $"a known data_type, got {ElementTypes.Name(type)}");
            return;
        }
        if (tensor.Segment is not null) findings.Error(place, "a whole tensor, got a segment of one");
        if (Count(tensor.Dims, place) is not { } count || Bytes(type, count, tensor, place) is not { } bytes) return;

        var fields = DataFields(tensor);
        if (Tensors.IsExternal(tensor)) External(tensor, type, bytes, fields, place);
        else if (fields.Count > 1) findings.Error(place, $"its data in one field, got {string.Join(" and ", fields)}");
        else if (fields.Count == 0) RequireData(count, place);
        else if (fields[0] == "raw_data") Raw(tensor, type, bytes, place);
        else Typed(tensor, type, count, bytes, fields[0], place);
    }

    /// <summary>Checks a sparse tensor: as many indices as values, and a dense shape that can be.</summary>
    public void Check(SparseTensorProto sparse, string place)
    {
        if (sparse.Values is not { } values || sparse.Indices is not { } indices)
        {
            findings.Error(place, $"values and indices, got no {(sparse.Values is null ? "values" : "indices")}");
            return;
        }
        Check(values, $"{place}, values");
        Check(indices, $"{place}, indices");
        if (sparse.Dims.Count == 0 || sparse.Dims.Any(d => d <= 0)) findings.Error(place, $"a dense shape of positive dimensions, got {Shape(sparse.Dims)}");
        else if (Count(sparse.Dims, place) is { } count && ElementTypes.IsKnown((DataType)values.DataType)) Bytes((DataType)values.DataType, count, values, place);
        if (values.Dims.Count != 1) findings.Error(place, $"values of rank 1, got {Shape(values.Dims)}");
        if (indices.DataType != (int)DataType.Int64) findings.Error(place, $"indices of type int64, got {ElementTypes.Name((DataType)indices.DataType)}");
        var fits = values.Dims.Count == 1 && indices.Dims.Count is 1 or 2 && indices.Dims[0] == values.Dims[0]
            && (indices.Dims.Count == 1 || indices.Dims[1] == sparse.Dims.Count);
        if (!fits && values.Dims.Count == 1) findings.Error(place, $"indices of shape [{values.Dims[0]}] or [{values.Dims[0]}, {sparse.Dims.Count}], got {Shape(indices.Dims)}");
    }

    /// <summary>Checks an initializer against the graph input whose default it is.</summary>
    public void CheckDeclaration(TensorProto tensor, ValueInfoProto declared, string place)
    {
        if (declared.Type?.TensorType is not { } type) return;
        if (type.ElemType != tensor.DataType)
            findings.Error(place, $"{ElementTypes.Name((DataType)type.ElemType)} as its input is declared, got {ElementTypes.Name((DataType)tensor.DataType)}");
        if (type.Shape is not { } shape) return;
        var fits = shape.Dim.Count == tensor.Dims.Count && shape.Dim.Zip(tensor.Dims).All(d => d.First.FixedSize() is not { } size || size == d.Second);
        if (!fits)
            findings.Error(place, $"shape [{string.Join(", ", shape.Dim.Select(d => d.FixedSize() is { } size ? $"{size}" : "?"))}] as its input is declared, got {Shape(tensor.Dims)}");
    }

    long? Count(IEnumerable<long> dims, string place)
    {
        try
        {
            return ElementTypes.Count(dims);
        }
        catch (OverflowException)
        {
            findings.Error(place, $"dimensions of 0 or more and a size that fits 63 bits, got {Shape(dims)}");
            return null;
        }
    }

    /// <summary>Bytes of the data; 0 for strings, whose elements are counted only.</summary>
    long? Bytes(DataType type, long count, TensorProto tensor, string place)
    {
        try
        {
            return type == DataType.String ? 0 : ElementTypes.RawBytes(type, count);
        }
        catch (OverflowException)
        {
            findings.Error(place, $"dimensions of 0 or more and a size that fits 63 bits, got {Shape(tensor.Dims)} of {ElementTypes.Name(type)}");
            return null;
        }
    }

    void External(TensorProto tensor, DataType type, long bytes, List<string> fields, string place)
    {
        if (fields.Count > 0) findings.Error(place, $"external data only, got {string.Join(" and ", fields)} beside it");
        else if (type == DataType.String) findings.Error(place, "strings in the model itself, got external data");
        else
        {
            try
            {
                _ = model.FindExternal(tensor, bytes, findings.Where(place));
            }
            catch (InvalidModelException e)
            {
                findings.Error(e);
            }
        }
    }

    void RequireData(long count, string place)
    {
        if (count > 0) findings.Error(place, $"data of {count} elements, got none");
    }

    void Raw(TensorProto tensor, DataType type, long bytes, string place)
    {
        var got = model.RawDataLength(tensor);
        if (type == DataType.String) findings.Error(place, "strings in string_data, got raw_data");
        else if (got != bytes) findings.Error(place, $"{bytes} bytes for {ElementTypes.Name(type)} {Shape(tensor.Dims)}, got {got} bytes of raw_data");
    }

    void Typed(TensorProto tensor, DataType type, long count, long bytes, string field, string place)
    {
        if (field != TypedFields.FieldOf(type))
        {
            findings.Error(place, $"{ElementTypes.Name(type)} in raw_data or {TypedFields.FieldOf(type)}, got {field}");
            return;
        }
        var expected = type == DataType.String ? count : bytes / TypedFields.EntryBytes(type);
        var got = model.EntryCount(tensor);
        if (got != expected) findings.Error(place, $"{expected} entries for {ElementTypes.Name(type)} {Shape(tensor.Dims)}, got {got} in {field}");
    }

    static List<string> DataFields(TensorProto tensor)
    {
        var fields = new List<string>();
        if (tensor.HasRawData) fields.Add("raw_data");
        if (tensor.FloatData.Count > 0) fields.Add("float_data");
        if (tensor.Int32Data.Count > 0) fields.Add("int32_data");
        if (tensor.StringData.Count > 0) fields.Add("string_data");
        if (tensor.Int64Data.Count > 0) fields.Add("int64_data");
        if (tensor.DoubleData.Count > 0) fields.Add("double_data");
        if (tensor.Uint64Data.Count > 0) fields.Add("uint64_data");
        return fields;
    }

    static string Shape(IEnumerable<long> dims) => $"[{string.Join(", ", dims)}]";
}
