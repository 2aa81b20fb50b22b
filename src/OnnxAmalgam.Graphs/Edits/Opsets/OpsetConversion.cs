using Onnx;
using OnnxAmalgam.Graphs.Inference;

namespace OnnxAmalgam.Graphs.Edits.Opsets;

/// <summary>Brings a model's nodes of ONNX's own domain to a newer opset, one opset after the other.</summary>
/// <remarks>Nodes that mean the same keep every byte. Values keep their names, types and shapes; what a step adds has names of its own.</remarks>
internal sealed class OpsetConversion
{
    // before opset 7 broadcasting was an attribute
    const int Oldest = GraphEdits.OldestOpset, Newest = GraphEdits.NewestOpset;

    const int MostNamed = 10;

    /// <summary>What ONNX Runtime takes in ONNX's own domain at every opset; LayerNormalization as opset 17 came to define it.</summary>
    static readonly string[] AtEveryOpset = ["LayerNormalization", "SimplifiedLayerNormalization"];

    /// <summary>The first opset that asks for each IR version (ONNX's table of releases).</summary>
    static readonly (int Opset, long Ir)[] IrVersions = [(7, 3), (9, 4), (10, 5), (11, 6), (12, 7), (15, 8), (19, 9), (21, 10), (23, 11)];

    readonly OnnxModel model;
    readonly int target;
    readonly FreeNames names;
    readonly HashSet<(string Domain, string Name)> functions;
    readonly List<Obstacle> obstacles = [];
    readonly HashSet<NodeProto> blocked = new(ReferenceEqualityComparer.Instance);
    bool isChanged;

    OpsetConversion(OnnxModel model, int target)
    {
        this.model = model;
        this.target = target;
        names = new FreeNames(model.Proto);
        functions = [.. model.Proto.Functions.Select(function => (Canonical(function.Domain), function.Name))];
    }

    /// <summary>Why a node cannot be brought over one opset.</summary>
    sealed record Obstacle(string Where, int Opset, string Reason);

    /// <param name="model">Not changed.</param>
    /// <param name="target">The opset asked for.</param>
    public static OnnxModel Of(OnnxModel model, int target)
    {
        var edited = model.Clone();
        new OpsetConversion(edited, target).Convert();
        return edited;
    }

    void Convert()
    {
        var proto = model.Proto;
        if (target is < Oldest or > Newest)
            throw new InputException($"opset: expected {Oldest} to {Newest}, got {target}");
        if (proto.TrainingInfo.Count > 0)
            throw new InputException($"'{model.Name}': expected a model for inference, got one with training graphs (training_info), which are not brought to another opset; export the model without them");

        var known = new GraphInference(model).RunEverywhere();
        Convert(proto.OpsetImport, $"'{model.Name}'", () => Lists(proto.Graph, graph => new NodeList(graph, known[graph])), "");
        foreach (var function in proto.Functions.Where(function => Import(function.OpsetImport) is not null))
            Convert(function.OpsetImport, $"'{model.Name}', function '{function.Name}'", () => [new NodeList(function), .. function.Node.SelectMany(Captures.Bodies).SelectMany(body => Lists(body, graph => new NodeList(graph)))], $"function '{function.Name}', ");
        if (obstacles.Count > 0)
            throw Refusal();
        if (!isChanged)
            return;
        var ir = Math.Max(proto.IrVersion, IrVersions.Last(row => row.Opset <= target).Ir);
        // before, every initializer had to be declared as an input; from then on that lets a caller override it
        if (proto.IrVersion < StoredConstants.IrOfDefaults && ir >= StoredConstants.IrOfDefaults)
            DeclaredInitializers.Forget(proto.Graph);
        proto.IrVersion = ir;
    }

    void Convert(IEnumerable<OperatorSetIdProto> imports, string where, Func<IReadOnlyList<NodeList>> lists, string prefix)
    {
        var import = Import(imports) ?? throw new InputException($"{where}: expected an opset of ONNX's own domain, got none");
        if (import.Version > target)
            throw new InputException($"{where}: expected an opset of at least {import.Version}, which it has, got {target}; models are only brought upward");
        if (import.Version < Oldest)
            throw new InputException($"{where}: expected a model of opset {Oldest} or newer, got opset {import.Version}; export the model again");
        var from = (int)import.Version;
        if (from == target)
            return;
        foreach (var list in lists())
        {
            Unknown(list, from, prefix);
            for (var opset = from + 1; opset <= target; opset++)
                Advance(list, from, opset, prefix);
            list.Tidy();
        }
        import.Version = target;
        isChanged = true;
    }

    /// <summary>Names what is no operator of the opset at hand; nothing is known of how it would change.</summary>
    void Unknown(NodeList list, int from, string prefix)
    {
        foreach (var node in list.Nodes.Where(node => IsOwn(node) && !AtEveryOpset.Contains(node.OpType)))
        {
            var versions = OperatorVersions.Of(node.OpType);
            if (versions.Count == 0)
                Block(node, $"{prefix}node '{node.DisplayName()}' ({node.OpType})", from + 1, $"expected an operator of ONNX up to opset {Newest}, got '{node.OpType}'");
            else if (versions.First() > from)
                Block(node, $"{prefix}node '{node.DisplayName()}' ({node.OpType})", from + 1, $"expected an operator of opset {from}, got one that begins with opset {versions.First()}");
        }
    }

    void Advance(NodeList list, int from, int opset, string prefix)
    {
        foreach (var node in list.Nodes.Where(node => !blocked.Contains(node) && IsOwn(node) && OperatorVersions.MayNeedStep(node.OpType, opset)))
        {
            var versions = OperatorVersions.Of(node.OpType);
            var version = versions.LastOrDefault(version => version <= from, versions.First());
            var where = $"{prefix}node '{node.DisplayName()}' ({node.OpType}-{version})";
            var upgrade = new NodeUpgrade(node, list, names);
            if (Apply(upgrade, opset) is { } reason)
                Block(node, where, opset, reason);
            else
                list.Surround(node, upgrade.Before, upgrade.After);
        }
    }

    static string? Apply(NodeUpgrade upgrade, int opset)
    {
        var node = upgrade.Node;
        if (node.Attribute.FirstOrDefault(attribute => attribute.HasRefAttrName) is { } given)
            return $"expected attributes that are stated, got '{given.Name}', which each caller of the function gives";
        return OpsetSteps.Find(node.OpType, opset) is { } step ? step(upgrade) : $"expected an operator that means the same at opset {opset}, got one whose step is not built";
    }

    /// <summary>A node that cannot be brought further is left alone from then on.</summary>
    void Block(NodeProto node, string where, int opset, string reason)
    {
        blocked.Add(node);
        obstacles.Add(new Obstacle(where, opset, reason));
    }

    InputException Refusal()
    {
        var named = string.Join("; ", obstacles.Take(MostNamed).Select(obstacle => $"{obstacle.Where}: {obstacle.Reason}"));
        var more = obstacles.Count > MostNamed ? $"; and {obstacles.Count - MostNamed} more" : "";
        var reachable = obstacles.Min(obstacle => obstacle.Opset) - 1;
        return new InputException($"'{model.Name}' cannot be brought to opset {target}: {named}{more}; export the model again at opset {target}, or go no further than opset {reachable}");
    }

    /// <summary>Whether the node is an operator of ONNX's own domain, and no function of the model that goes by such a name.</summary>
    bool IsOwn(NodeProto node) => Canonical(node.Domain).Length == 0 && !functions.Contains(("", node.OpType));

    static List<NodeList> Lists(GraphProto graph, Func<GraphProto, NodeList> make) =>
        [make(graph), .. graph.Node.SelectMany(Captures.Bodies).SelectMany(body => Lists(body, make))];

    static OperatorSetIdProto? Import(IEnumerable<OperatorSetIdProto> imports) =>
        imports.FirstOrDefault(import => Canonical(import.Domain).Length == 0);

    static string Canonical(string domain) => domain == "ai.onnx" ? "" : domain;
}
