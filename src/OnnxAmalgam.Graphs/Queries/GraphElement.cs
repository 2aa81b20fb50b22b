using System.Globalization;
using Onnx;

namespace OnnxAmalgam.Graphs.Queries;

/// <summary>One element of a model's graph with what is known of it; null, or false, where nothing is.</summary>
/// <remarks>The properties are those of the query language (docs/queries.md); what an element of that kind cannot have is null.</remarks>
public sealed class GraphElement
{
    internal GraphElement(QueryGraph graph, ElementKind kind, string name, int place)
    {
        (Graph, Kind, Name, Place) = (graph, kind, name, place);
    }

    /// <summary>The graph it is in.</summary>
    public QueryGraph Graph { get; }

    /// <summary>What it is.</summary>
    public ElementKind Kind { get; }

    /// <summary>Its name; a node without one is called by the first value it makes.</summary>
    public string Name { get; }

    /// <summary>Where it comes in the order of the graph: an op after what it reads, an initializer just before the first op that uses it.</summary>
    public int Place { get; }

    /// <summary>The node of an op.</summary>
    public NodeProto? Node { get; internal init; }

    /// <summary>The stored tensor of an initializer.</summary>
    public TensorProto? Stored { get; internal init; }

    /// <summary>The attribute.</summary>
    public AttributeProto? Attribute { get; internal init; }

    /// <summary>Operator of an op; of a tensor, the operator that makes it (<c>input</c> for a graph input); an attribute's type in lower case.</summary>
    public string? Type => Kind switch
    {
        ElementKind.Op => Node!.OpType,
        ElementKind.Tensor => Graph.View.Producer(Name)?.OpType ?? "input",
        ElementKind.Attribute => Attribute!.Type.ToString().ToLowerInvariant(),
        _ => null,
    };

    /// <summary>Domain of an op; ONNX's own is <c>ai.onnx</c>.</summary>
    public string? Domain => Node is null ? null : Node.Domain.Length == 0 ? "ai.onnx" : Node.Domain;

    /// <summary>Element type of a tensor or initializer: <c>float32</c>.</summary>
    public string? Dtype => Fact is { } fact ? ElementTypes.Name(fact.Type) : null;

    /// <summary>Number of axes of a tensor or initializer.</summary>
    public int? Rank => Fact?.Rank;

    /// <summary>Axes of a tensor or initializer.</summary>
    public IReadOnlyList<Dim>? Shape => Fact?.Shape;

    /// <summary>Elements of a tensor or initializer whose sizes are all numbers (the batch counts as 1 where it has a name).</summary>
    public long? Size => Kind == ElementKind.Initializer ? ElementTypes.Count(Stored!.Dims) : ElementFacts.Size(this);

    /// <summary>Which axis of a tensor is its channel.</summary>
    public int? ChannelAxis => Graph.Structure.ChannelAxis(this);

    /// <summary>Width of that axis.</summary>
    public int? Channels => ChannelAxis is { } axis ? ElementFacts.Size(this, axis) : null;

    /// <summary>Rows of a tensor of rank 4.</summary>
    public int? Height => Rank == 4 && ChannelAxis is { } axis ? ElementFacts.Size(this, axis == 3 ? 1 : 2) : null;

    /// <summary>Columns of a tensor of rank 4.</summary>
    public int? Width => Rank == 4 && ChannelAxis is { } axis ? ElementFacts.Size(this, axis == 3 ? 2 : 3) : null;

    /// <summary>Grid of a tensor of rank 4: <c>7x7</c>.</summary>
    public string? Hw => Height is { } height && Width is { } width ? string.Create(CultureInfo.InvariantCulture, $"{height}x{width}") : null;

    /// <summary>How many rows of the image one row of a tensor of rank 4 stands for.</summary>
    public double? Stride => Height is > 0 and var rows && Graph.Structure.ImageHeight is { } all ? (double)all / rows : null;

    /// <summary>Ops on the longest way from an input to here, this one included; of an initializer, as its first user.</summary>
    public int? Depth => Graph.Structure.Depth(this);

    /// <summary>Ops on the shortest way from here to an output, this one not included; of an initializer, as its nearest user.</summary>
    public int? Distance => Graph.Structure.Distance(this);

    /// <summary>Stored numbers: elements of a float initializer; of an op, those it uses; of the model, all.</summary>
    public long? Parameters => Graph.Structure.Parameters(this);

    /// <summary>Multiply-adds of an op (convolutions and matrix products whose shapes are known) or of the model, for one image.</summary>
    public long? Macs => Graph.Structure.Macs(this);

    /// <summary>The place of an initializer at its first user: <c>weight</c>, <c>bias</c>, <c>scale</c>, <c>mean</c>, <c>variance</c>, <c>recurrence</c>, <c>embedding</c> or <c>operand</c>.</summary>
    public string? Role => Graph.Structure.Role(this);

    /// <summary>The module of the exporter's source that an op is in or a tensor is made by; of an initializer, as its first user.</summary>
    public string? Module => Graph.Structure.Module(this);

    /// <summary>Whether every path from the image to the class scores passes through an op or tensor; the image itself does not count.</summary>
    public bool IsDominator => Graph.Structure.IsDominator(this);

    /// <summary>Whether an op is an activation function, or a tensor is made by one.</summary>
    public bool IsActivation => Graph.Structure.IsActivation(this);

    /// <summary>Whether a tensor can be tapped: float, of rank 2 to 4, behind the image.</summary>
    public bool IsTap => Graph.Structure.IsTap(this);

    /// <summary>Whether a tensor is a graph input.</summary>
    public bool IsInput => Kind == ElementKind.Tensor && Graph.View.Inputs.Any(input => input.Name == Name);

    /// <summary>Whether a tensor is a graph output.</summary>
    public bool IsOutput => Kind == ElementKind.Tensor && Graph.View.Outputs.Contains(Name, StringComparer.Ordinal);

    /// <summary>Whether a tensor is the image.</summary>
    public bool IsImage => Kind == ElementKind.Tensor && Name == Graph.Structure.Image;

    /// <summary>Whether a tensor is the class scores.</summary>
    public bool IsLogits => Kind == ElementKind.Tensor && Name == Graph.Structure.Scores;

    /// <summary>Whether an op or initializer belongs to the classifier's last linear layer.</summary>
    public bool IsHead => Graph.Structure.IsHead(this);

    /// <summary>What an attribute says, of an op by its name; numbers, texts, or a list of numbers; null where it is absent or holds a graph or tensor.</summary>
    public object? Attr(string name) => Node?.FindAttribute(name) is { } attribute ? AttributeValues.Of(attribute) : null;

    /// <summary>What an attribute says.</summary>
    public object? Value => Attribute is { } attribute ? AttributeValues.Of(attribute) : null;

    /// <summary>The element alone, to go on from.</summary>
    public Selection Alone => new(Graph.Whole, [this]);

    /// <summary><c>tensor 'features' Float[N,16,7,7]</c>.</summary>
    public override string ToString() => $"{Kind.ToString().ToLowerInvariant()} '{Name}'{(Fact is { } fact ? $" {fact}" : Kind == ElementKind.Op ? $" {Type}" : "")}";

    ValueFact? Fact => Kind switch
    {
        ElementKind.Tensor => Graph.Structure.Facts.GetValueOrDefault(Name),
        ElementKind.Initializer => new ValueFact((TensorProto.Types.DataType)Stored!.DataType, [.. Stored.Dims.Select(size => new Dim(size, null))]),
        _ => null,
    };
}
