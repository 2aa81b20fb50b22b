using OnnxAmalgam.Graphs.Classifiers;
using Onnx;
using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Graphs.Queries;

/// <summary>What is known of elements beyond their own fields, each part computed when somebody first asks. A model that is no classifier of
/// images has no dominators, taps and channels.</summary>
internal sealed class ElementFacts
{
    static readonly HashSet<string> Activations = new(StringComparer.Ordinal)
    {
        "Relu", "LeakyRelu", "PRelu", "ThresholdedRelu", "Elu", "Selu", "Celu", "Sigmoid", "HardSigmoid", "HardSwish", "Swish", "Tanh", "Softplus", "Softsign",
        "Gelu", "FastGelu", "BiasGelu", "QuickGelu", "Mish", "Clip",
    };

    readonly QueryGraph graph;
    readonly Lazy<IReadOnlyDictionary<string, ValueFact>> facts;
    readonly Lazy<ClassifierGraph?> classifier;
    readonly Lazy<string?> scores;
    readonly Lazy<ChannelAxes?> axes;
    readonly Lazy<HashSet<string>> taps;
    readonly Lazy<HashSet<object>> dominators;
    readonly Lazy<HashSet<GraphElement>> head;
    readonly Lazy<Dictionary<GraphElement, int>> depths;
    readonly Lazy<Dictionary<GraphElement, int>> distances;
    readonly Lazy<Costs> costs;
    readonly Lazy<IReadOnlyDictionary<string, string>> modules;

    public ElementFacts(QueryGraph graph)
    {
        this.graph = graph;
        facts = new(() => classifier!.Value?.Facts ?? Graphs.Facts.Infer(graph.Model));
        classifier = new(FindClassifier);
        scores = new(() => classifier.Value is { } found ? InputException.Attempt(() => new LogitsWalk(found).Find(null).Value).Found : null);
        axes = new(() => classifier.Value is { } found ? new ChannelAxes(found) : null);
        taps = new(() => classifier.Value is { } found ? [.. new TapList(found).All.Select(tap => tap.Value)] : []);
        dominators = new(FindDominators);
        head = new(FindHead);
        depths = new(FindDepths);
        distances = new(FindDistances);
        costs = new(() => Costs.Of(graph.Model, ImageHeight));
        modules = new(() => Anatomy.ModulePaths(graph.Model));
    }

    public IReadOnlyDictionary<string, ValueFact> Facts => facts.Value;

    /// <summary>The image input.</summary>
    public string? Image => classifier.Value?.Image.Name;

    /// <summary>The class scores.</summary>
    public string? Scores => scores.Value;

    public int? ImageHeight => Image is { } name && graph.Value(name) is { Rank: 4 } image ? image.Height : null;

    public static long? Size(GraphElement element)
    {
        if (element.Kind != ElementKind.Tensor || element.Shape is not { } shape)
            return null;
        Int128? size = 1;
        foreach (var (dim, axis) in shape.Select((dim, axis) => (dim, axis)))
        {
            size *= axis == 0 && dim.Size is null && dim.Symbol is not null ? 1 : dim.Size;
            if (size > long.MaxValue)
                return null;
        }
        return (long?)size;
    }

    public static int? Size(GraphElement element, int axis) =>
        element.Shape is { } shape && axis < shape.Count && shape[axis].Size is >= 0 and <= int.MaxValue and var size ? (int)size : null;

    public int? ChannelAxis(GraphElement element) =>
        element is { Kind: ElementKind.Tensor, Rank: { } rank } && rank is >= 2 and <= 4 && axes.Value is { } found && classifier.Value!.DependsOnImage(element.Name)
            ? found.Of(element.Name, rank)
            : null;

    public bool IsTap(GraphElement element) => element.Kind == ElementKind.Tensor && taps.Value.Contains(element.Name);

    public bool IsDominator(GraphElement element) => element.Kind switch
    {
        ElementKind.Tensor => element.Name != Image && dominators.Value.Contains(element.Name),
        ElementKind.Op => dominators.Value.Contains(element.Node!),
        _ => false,
    };

    public bool IsHead(GraphElement element) => head.Value.Contains(element);

    public bool IsActivation(GraphElement element) => element.Kind switch
    {
        ElementKind.Op => Activations.Contains(element.Type!) || IsGated(element.Node!),
        ElementKind.Tensor => graph.Next(element, Edge.Produces, forth: false).Any(IsActivation),
        _ => false,
    };

    public int? Depth(GraphElement element) => Of(depths.Value, element);

    /// <summary>A Constant op makes what is an initializer, which lies where its first user does: one op further.</summary>
    public int? Distance(GraphElement element) => Of(distances.Value, element)
        ?? (element.Kind == ElementKind.Op ? graph.Next(element, Edge.Produces, forth: true).Where(made => made.Kind == ElementKind.Initializer).Select(made => Distance(made) + 1).Min() : null);

    public long? Parameters(GraphElement element) => element.Kind switch
    {
        ElementKind.Initializer => IsFloat(element) ? element.Size : 0,
        ElementKind.Op => graph.Next(element, Edge.Uses, forth: true).Sum(Parameters),
        ElementKind.Model => graph.Initializers.Sum(Parameters),
        _ => null,
    };

    public long? Macs(GraphElement element) => element.Kind switch
    {
        ElementKind.Op => costs.Value.MacsByNode.TryGetValue(element.Node!, out var macs) ? macs : null,
        ElementKind.Model => costs.Value.Macs,
        _ => null,
    };

    public string? Module(GraphElement element) => element.Kind switch
    {
        ElementKind.Tensor => modules.Value.GetValueOrDefault(element.Name),
        ElementKind.Op => element.Node!.Output.FirstOrDefault(name => name.Length > 0) is { } made ? modules.Value.GetValueOrDefault(made) : null,
        ElementKind.Initializer => Users(element).FirstOrDefault() is { } user ? Module(user) : null,
        _ => null,
    };

    /// <summary>The place at the first op that does something with the tensor, looked at through ops that only turn or convert it.</summary>
    public string? Role(GraphElement element)
    {
        if (element.Kind != ElementKind.Initializer)
            return null;
        var name = element.Name;
        for (var user = Users(element).FirstOrDefault(); user is not null; user = graph.Next(graph.Value(name)!, Edge.Feeds, forth: true).FirstOrDefault())
        {
            var node = user.Node!;
            var turns = node.OpType is "Transpose" or "Cast" or "Identity" || (node.OpType is "Reshape" or "Unsqueeze" or "Squeeze" && node.Input[0] == name);
            if (!turns || node.Output.Count != 1 || graph.Value(node.Output[0]) is not { Kind: ElementKind.Tensor })
                return Roles.Of(node.OpType, node.Input.IndexOf(name));
            name = node.Output[0];
        }
        return null;
    }

    /// <summary>x * sigmoid(x) and x * hardsigmoid(x), written as a product.</summary>
    bool IsGated(NodeProto node) => node.OpType == "Mul" && node.Input.Count == 2
        && (Gates(node.Input[0], node.Input[1]) || Gates(node.Input[1], node.Input[0]));

    bool Gates(string gate, string value) =>
        graph.View.Producer(gate) is { OpType: "Sigmoid" or "HardSigmoid", Input: [var source] } && source == value;

    static bool IsFloat(GraphElement initializer) =>
        (DataType)initializer.Stored!.DataType is DataType.Float or DataType.Float16 or DataType.Double or DataType.Bfloat16;

    IEnumerable<GraphElement> Users(GraphElement initializer) => graph.Next(initializer, Edge.Uses, forth: false).OrderBy(op => op.Place);

    int? Of(Dictionary<GraphElement, int> table, GraphElement element) => element.Kind == ElementKind.Initializer
        ? Users(element).Select(user => Of(table, user)).Where(value => value is not null).Min()
        : table.TryGetValue(element, out var found) ? found : null;

    ClassifierGraph? FindClassifier()
    {
        var found = new ClassifierGraph(graph.Model);
        return InputException.Attempt(() => found.Image).Found is null ? null : found;
    }

    HashSet<object> FindDominators()
    {
        if (Scores is not { } name)
            return [];
        var path = new SinglePath(classifier.Value!, Image!, name);
        return [.. path.Values, .. path.Nodes];
    }

    HashSet<GraphElement> FindHead()
    {
        if (classifier.Value is not { } found || HeadParts.Find(found) is not { } parts)
            return [];
        NodeProto[] nodes = parts.Bias is { Node: { } bias } && bias != parts.Head.Node ? [parts.Head.Node, bias] : [parts.Head.Node];
        GraphElement[] ops = [.. graph.Ops.Where(op => nodes.Contains(op.Node, ReferenceEqualityComparer.Instance))];
        return [.. ops, .. ops.SelectMany(Stored)];
    }

    /// <summary>What an op reads that is stored, itself or through ops that read nothing else (a Transpose of a weight).</summary>
    IEnumerable<GraphElement> Stored(GraphElement op) => graph.Next(op, Edge.Uses, forth: true).Concat(
        graph.Next(op, Edge.Feeds, forth: false).Where(tensor => classifier.Value!.IsFixed(tensor.Name)).SelectMany(tensor => graph.Next(tensor, Edge.Produces, forth: false)).SelectMany(Stored));

    Dictionary<GraphElement, int> FindDepths()
    {
        var found = graph.Tensors.Where(tensor => tensor.IsInput).ToDictionary(tensor => tensor, _ => 0);
        foreach (var op in graph.Ops)
        {
            var depth = 1 + graph.Next(op, Edge.Feeds, forth: false).Select(tensor => found.GetValueOrDefault(tensor)).DefaultIfEmpty().Max();
            found[op] = depth;
            foreach (var made in graph.Next(op, Edge.Produces, forth: true))
                found[made] = depth;
        }
        return found;
    }

    Dictionary<GraphElement, int> FindDistances()
    {
        var found = graph.Tensors.Where(tensor => tensor.IsOutput).ToDictionary(tensor => tensor, _ => 0);
        foreach (var op in graph.Ops.Reverse())
        {
            if (graph.Next(op, Edge.Produces, forth: true).Where(found.ContainsKey).Select(made => (int?)found[made]).Min() is not { } distance)
                continue;
            found[op] = distance;
            foreach (var read in graph.Next(op, Edge.Feeds, forth: false))
                found[read] = Math.Min(found.GetValueOrDefault(read, int.MaxValue), distance + 1);
        }
        return found;
    }
}
