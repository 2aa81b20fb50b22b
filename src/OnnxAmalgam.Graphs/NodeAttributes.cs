using Onnx;

namespace OnnxAmalgam.Graphs;

/// <summary>Typed access to a node's attributes. An attribute that is there with another type is an error, never the default.</summary>
public static class NodeAttributes
{
    /// <summary>The attribute of that name, or null.</summary>
    public static AttributeProto? FindAttribute(this NodeProto node, string name)
    {
        ArgumentNullException.ThrowIfNull(node);
        foreach (var attribute in node.Attribute)
        {
            if (attribute.Name == name)
                return attribute;
        }
        return null;
    }

    /// <summary>Whether the node states the attribute.</summary>
    public static bool HasAttribute(this NodeProto node, string name) => node.FindAttribute(name) is not null;

    /// <summary>An integer, or <paramref name="otherwise"/> where it is absent.</summary>
    public static long Int(this NodeProto node, string name, long otherwise) => node.Int(name) ?? otherwise;

    /// <summary>An integer, or null where it is absent.</summary>
    public static long? Int(this NodeProto node, string name) =>
        node.Typed(name, AttributeProto.Types.AttributeType.Int)?.I;

    /// <summary>A list of integers, or null where it is absent.</summary>
    public static long[]? Ints(this NodeProto node, string name) =>
        node.Typed(name, AttributeProto.Types.AttributeType.Ints) is { } attribute ? [.. attribute.Ints] : null;

    /// <summary>A list of integers, or <paramref name="otherwise"/> where it is absent.</summary>
    public static long[] Ints(this NodeProto node, string name, long[] otherwise) => node.Ints(name) ?? otherwise;

    /// <summary>A number, or <paramref name="otherwise"/> where it is absent.</summary>
    public static float Float(this NodeProto node, string name, float otherwise) => node.Float(name) ?? otherwise;

    /// <summary>A number, or null where it is absent.</summary>
    public static float? Float(this NodeProto node, string name) =>
        node.Typed(name, AttributeProto.Types.AttributeType.Float)?.F;

    /// <summary>A list of numbers, or null where it is absent.</summary>
    public static float[]? Floats(this NodeProto node, string name) =>
        node.Typed(name, AttributeProto.Types.AttributeType.Floats) is { } attribute ? [.. attribute.Floats] : null;

    /// <summary>A text, or <paramref name="otherwise"/> where it is absent.</summary>
    public static string String(this NodeProto node, string name, string otherwise) => node.String(name) ?? otherwise;

    /// <summary>A text, or null where it is absent.</summary>
    public static string? String(this NodeProto node, string name) =>
        node.Typed(name, AttributeProto.Types.AttributeType.String)?.S.ToStringUtf8();

    /// <summary>A list of texts, or null where it is absent.</summary>
    public static string[]? Strings(this NodeProto node, string name) =>
        node.Typed(name, AttributeProto.Types.AttributeType.Strings) is { } attribute
            ? [.. attribute.Strings.Select(text => text.ToStringUtf8())]
            : null;

    /// <summary>A tensor, or null where it is absent.</summary>
    public static TensorProto? Tensor(this NodeProto node, string name) =>
        node.Typed(name, AttributeProto.Types.AttributeType.Tensor)?.T;

    /// <summary>A body graph, or null where it is absent.</summary>
    public static GraphProto? Graph(this NodeProto node, string name) =>
        node.Typed(name, AttributeProto.Types.AttributeType.Graph)?.G;

    /// <summary>What messages call the node: its name, else the first value it makes.</summary>
    public static string DisplayName(this NodeProto node)
    {
        ArgumentNullException.ThrowIfNull(node);
        return node.Name.Length > 0 ? node.Name : node.Output.FirstOrDefault(name => name.Length > 0) ?? node.OpType;
    }

    /// <summary>The name of an input, or null where it is left out (missing or empty).</summary>
    public static string? InputOrNull(this NodeProto node, int index)
    {
        ArgumentNullException.ThrowIfNull(node);
        return index < node.Input.Count && node.Input[index].Length > 0 ? node.Input[index] : null;
    }

    // Files older than IR 2 leave the type out.
    static AttributeProto? Typed(this NodeProto node, string name, AttributeProto.Types.AttributeType type)
    {
        var attribute = node.FindAttribute(name);
        if (attribute is null || attribute.Type == type || attribute.Type == AttributeProto.Types.AttributeType.Undefined)
            return attribute;
        throw new InvalidModelException(
            $"node '{node.DisplayName()}' ({node.OpType}), attribute '{name}': expected {type}, got {attribute.Type}; export the model again");
    }
}
