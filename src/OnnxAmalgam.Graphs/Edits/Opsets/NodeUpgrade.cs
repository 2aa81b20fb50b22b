using Google.Protobuf;
using Onnx;
using OnnxAmalgam.Graphs.Inference;
using static Onnx.AttributeProto.Types;
using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Graphs.Edits.Opsets;

/// <summary>One application of a step: the node, what is known of its inputs, and the means to rewrite it.</summary>
internal sealed class NodeUpgrade(NodeProto node, NodeList list, FreeNames names)
{
    public NodeProto Node => node;

    /// <summary>Nodes that go in front of it, in order.</summary>
    public List<NodeProto> Before { get; } = [];

    /// <summary>Nodes that go behind it, in order.</summary>
    public List<NodeProto> After { get; } = [];

    public ValueState? Input(int index) => node.InputOrNull(index) is { } name ? list.Find(name) : null;

    public Extent[]? Shape(int index) => Input(index)?.Shape;

    /// <summary>Whether the input is known to hold no element.</summary>
    public bool IsEmpty(int index) => Shape(index) is { } shape && Array.Exists(shape, size => size.Constant == 0);

    /// <summary>The scales of a resampling, where they are constant.</summary>
    public double[]? Scales(int index) => Input(index)?.Reals;

    /// <summary>Whether the node was an Upsample, whose scales are at least 1 whatever they are.</summary>
    public bool IsEnlarging => list.IsEnlarging(node);

    /// <summary>Says that it was.</summary>
    public void MarkEnlarging() => list.MarkEnlarging(node);

    /// <summary>Whether anything reads the value, or it is a result of the whole list.</summary>
    public bool IsUsed(string value) => list.IsUsed(value);

    /// <summary>Puts a value in the place of an input; places before it that do not exist yet are left out.</summary>
    public void SetInput(int index, string value)
    {
        while (node.Input.Count <= index)
            node.Input.Add("");
        if (node.Input[index].Length > 0)
            list.LetGo(node.Input[index]);
        node.Input[index] = value;
    }

    /// <summary>Removes an attribute and gives it, or null.</summary>
    public AttributeProto? Take(string name)
    {
        var attribute = node.FindAttribute(name);
        if (attribute is not null)
            node.Attribute.Remove(attribute);
        return attribute;
    }

    /// <summary>Takes an output away that nothing uses, with what is declared of it.</summary>
    public void DropOutput(int index)
    {
        list.Undeclare(node.Output[index]);
        node.Output.RemoveAt(index);
    }

    public void Set(string name, string text)
    {
        Take(name);
        node.Attribute.Add(new AttributeProto { Name = name, Type = AttributeType.String, S = ByteString.CopyFromUtf8(text) });
    }

    public void Set(string name, long number)
    {
        Take(name);
        node.Attribute.Add(Attribute(name, number));
    }

    public static AttributeProto Attribute(string name, long number) => new() { Name = name, Type = AttributeType.Int, I = number };

    /// <summary>A vector of 64-bit integers as a value of its own.</summary>
    public string Integers(string purpose, params ReadOnlySpan<long> elements) => list.AddConstant(NewInitializers.Integers(Free(purpose), elements));

    /// <summary>A single 64-bit integer.</summary>
    public string Integer(string purpose, long element)
    {
        var tensor = NewInitializers.Integers(Free(purpose), [element]);
        tensor.Dims.Clear();
        return list.AddConstant(tensor);
    }

    /// <summary>A vector of float32 numbers.</summary>
    public string Floats(string purpose, params ReadOnlySpan<float> elements) =>
        list.AddConstant(NewInitializers.Floats(Free(purpose), DataType.Float, [elements.Length], elements));

    /// <summary>A single number of a float type.</summary>
    public string Number(string purpose, DataType type, float element) =>
        list.AddConstant(NewInitializers.Floats(Free(purpose), type, [], [element]));

    /// <summary>A node with one output, named after what it is for.</summary>
    public NodeProto Make(string type, string purpose, params IEnumerable<string> inputs)
    {
        var made = new NodeProto { OpType = type, Name = FreeNode(purpose) };
        made.Input.Add(inputs);
        made.Output.Add(Free(purpose));
        return made;
    }

    /// <summary>A name for a node: this one's and what it is for; none where this one has none.</summary>
    public string FreeNode(string purpose) => node.Name.Length > 0 ? names.FreeNode($"{node.Name}_{purpose}") : "";

    /// <summary>A name that no value has: the node's first output and what it is for.</summary>
    public string Free(string purpose) => names.FreeValue($"{node.Output.First(name => name.Length > 0)}_{purpose}");
}
