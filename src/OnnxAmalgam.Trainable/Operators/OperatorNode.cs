using Onnx;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Trainable.Interpretation;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Operators;

/// <summary>A node as its row sees it while the graph is built: attributes, and which inputs and outputs are there.</summary>
internal sealed class OperatorNode(
    NodeProto proto, Operator row, FloatTypes floats, Func<TensorProto, byte[]> readRaw, Func<GraphProto, BoundBody>? bindBody = null)
{
    readonly HashSet<string> _read = new(StringComparer.Ordinal);

    /// <summary>The float types to compute in.</summary>
    public FloatTypes Floats => floats;

    /// <summary>Number of inputs listed, left out ones in the middle included.</summary>
    public int InputCount => proto.Input.Count;

    /// <summary>Number of outputs listed.</summary>
    public int OutputCount => proto.Output.Count;

    /// <summary>Whether the node states the input.</summary>
    public bool HasInput(int index) => proto.InputOrNull(index) is not null;

    /// <summary>Whether the node names the output.</summary>
    public bool HasOutput(int index) => index < proto.Output.Count && proto.Output[index].Length > 0;

    /// <summary>Whether the row honours the attribute.</summary>
    public bool Declares(string name) => row.Attributes.Contains(name, StringComparer.Ordinal);

    /// <summary>An integer attribute.</summary>
    public long Int(string name, long otherwise) => Declared(name).Int(name, otherwise);

    /// <summary>An integer attribute, or null.</summary>
    public long? Int(string name) => Declared(name).Int(name);

    /// <summary>An attribute that is 0 or 1.</summary>
    public bool Flag(string name, bool otherwise = false) => Declared(name).Int(name, otherwise ? 1 : 0) != 0;

    /// <summary>A list of integers, or null.</summary>
    public long[]? Ints(string name) => Declared(name).Ints(name);

    /// <summary>A number attribute.</summary>
    public float Float(string name, float otherwise) => Declared(name).Float(name, otherwise);

    /// <summary>A number attribute, or null.</summary>
    public float? Float(string name) => Declared(name).Float(name);

    /// <summary>A list of numbers, or null.</summary>
    public float[]? Floats32(string name) => Declared(name).Floats(name);

    /// <summary>A text attribute.</summary>
    public string Text(string name, string otherwise) => Declared(name).String(name, otherwise);

    /// <summary>A list of texts, or null.</summary>
    public string[]? Texts(string name) => Declared(name).Strings(name);

    /// <summary>A text attribute out of a closed list.</summary>
    public string Choice(string name, string otherwise, params string[] honoured)
    {
        var value = Text(name, otherwise);
        return honoured.Contains(value, StringComparer.Ordinal) ? value : throw Refuse(name, string.Join(" or ", honoured), $"'{value}'");
    }

    /// <summary>A tensor attribute, or null.</summary>
    public TensorProto? Tensor(string name) => Declared(name).Tensor(name);

    /// <summary>A graph attribute, bound.</summary>
    public BoundBody Body(string name) => Declared(name).Graph(name) is { } graph && bindBody is not null
        ? bindBody(graph)
        : throw Refuse(name, "a graph", "none");

    /// <summary>Why a tensor cannot be computed with, or null.</summary>
    public string? Refusal(TensorProto tensor) => TensorProtos.Refusal(tensor, readRaw);

    /// <summary>The tensor as libtorch has it, in the types to compute in.</summary>
    public Tensor ToTorch(TensorProto tensor) => TensorProtos.ToTorch(tensor, readRaw(tensor), floats);

    /// <summary>An element type attribute as the type to compute in.</summary>
    public ScalarType Type(string name, TensorProto.Types.DataType otherwise)
    {
        var stored = (TensorProto.Types.DataType)Declared(name).Int(name, (long)otherwise);
        return TensorProtos.ScalarTypeOf(stored) is { } type ? floats.Of(type) : throw Refuse(name, "a type that libtorch has", ElementTypes.Name(stored));
    }

    /// <summary>A value that the kernel cannot honour.</summary>
    public static UnsupportedAttributeException Refuse(string attribute, string expected, string got) =>
        new($"attribute '{attribute}': expected {expected}, got {got}");

    /// <summary>Throws unless every attribute on the node is one that the row honours, and no output is asked for that it does not make.</summary>
    public void CheckDeclared()
    {
        foreach (var attribute in proto.Attribute)
        {
            if (!row.Attributes.Contains(attribute.Name, StringComparer.Ordinal))
                throw Refuse(attribute.Name, row.Attributes.Length == 0 ? "no attributes" : string.Join(", ", row.Attributes), "one that is not honoured");
        }
    }

    /// <summary>Declared attributes that binding did not read: a mistake in the row.</summary>
    public IEnumerable<string> Unread => row.Attributes.Except(row.Ignored, StringComparer.Ordinal).Except(_read, StringComparer.Ordinal);

    NodeProto Declared(string name)
    {
        if (!row.Attributes.Contains(name, StringComparer.Ordinal))
            throw new InvalidOperationException($"operator table, {row}: expected attribute '{name}' in the row's Attributes");
        _read.Add(name);
        return proto;
    }
}

/// <summary>Something about one node that its kernel does not honour; collected into <see cref="UnsupportedModelException"/>.</summary>
internal sealed class UnsupportedAttributeException(string message) : Exception(message);
