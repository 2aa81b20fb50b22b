using Onnx;
using OnnxAmalgam.Graphs.Metadata;

namespace OnnxAmalgam.Graphs.Queries;

/// <summary>A model among several that are asked together.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Model">The model.</param>
/// <param name="Labels">Its class names, where they are stated elsewhere; null: what file and metadata say.</param>
public sealed record QueriedModel(string Name, OnnxModel Model, IReadOnlyList<string>? Labels = null);

/// <summary>A model, or several, as a typed graph of elements and edges, to be asked: in C# (<see cref="Tensors"/>, <see cref="Selection"/>) or in the
/// query language (<see cref="Query"/>, docs/queries.md). Made once; an edited model needs a new one. Weights are read for
/// <see cref="Edge.SameAs"/> only.</summary>
public sealed class QueryGraph
{
    readonly List<GraphElement> elements = [];
    readonly Dictionary<Edge, EdgeTable> edges = new()
    {
        [Edge.Produces] = new(), [Edge.Feeds] = new(), [Edge.Uses] = new(), [Edge.Owns] = new(), [Edge.Predicts] = new(),
    };
    readonly Dictionary<string, GraphElement> values = new(StringComparer.Ordinal);
    readonly Lazy<EdgeTable> same;
    readonly int firstPlace;

    /// <summary>Looks at a model.</summary>
    /// <exception cref="InvalidModelException">The nodes form a cycle.</exception>
    public QueryGraph(OnnxModel model) : this(new QueriedModel(NameOf(model), model), 0)
    {
    }

    QueryGraph(QueriedModel looked, int firstPlace)
    {
        (Name, Model, this.firstPlace) = (looked.Name, looked.Model, firstPlace);
        View = new GraphView(Model.Proto.Graph);
        Structure = new ElementFacts(this);
        same = new(() => Sameness.Of(this));
        Root = Add(new GraphElement(this, ElementKind.Model, Name, Place));
        AddNodes();
        AddLabels(looked.Labels ?? ModelMetadata.Labels(Model) ?? []);
    }

    QueryGraph(IReadOnlyList<QueryGraph> parts)
    {
        QueryGraph first = parts[0];
        (Name, Model, View, Structure, Root) = (string.Join(", ", parts.Select(p => p.Name)), first.Model, first.View, first.Structure, first.Root);
        elements.AddRange(parts.SelectMany(p => p.elements));
        same = new(() => Sameness.Of(this));
        foreach (QueryGraph part in parts)
            part.Whole = this;
    }

    /// <summary>Several models as one graph, one after the other; what is the same in two of them hangs together by <see cref="Edge.SameAs"/>.</summary>
    /// <param name="models">At least one.</param>
    /// <exception cref="InvalidModelException">The nodes of one form a cycle.</exception>
    public static QueryGraph Of(IReadOnlyList<QueriedModel> models)
    {
        ArgumentNullException.ThrowIfNull(models);
        ArgumentOutOfRangeException.ThrowIfZero(models.Count, nameof(models));
        var parts = new List<QueryGraph>();
        foreach (QueriedModel model in models)
            parts.Add(new QueryGraph(model, parts.Sum(p => p.elements.Count)));
        return new QueryGraph(parts);
    }

    /// <summary>What the model is called; of several all their names.</summary>
    public string Name { get; }

    /// <summary>The model looked at; of several the first. An element's own is that of <see cref="GraphElement.Graph"/>.</summary>
    public OnnxModel Model { get; }

    /// <summary>Every element, in the order of the graph.</summary>
    public Selection All => new(this, elements);

    /// <summary>The model's own element; of several the first's.</summary>
    public GraphElement Root { get; }

    /// <summary>Nodes of the main graph.</summary>
    public Selection Ops => OfKind(ElementKind.Op);

    /// <summary>Values that are fed or computed.</summary>
    public Selection Tensors => OfKind(ElementKind.Tensor);

    /// <summary>Stored tensors.</summary>
    public Selection Initializers => OfKind(ElementKind.Initializer);

    /// <summary>Classes, where file or metadata name them.</summary>
    public Selection Labels => OfKind(ElementKind.Label);

    /// <summary>The graph of several that this one is a part of; else itself.</summary>
    internal QueryGraph Whole { get => field ?? this; private set; }

    internal GraphView View { get; }

    internal ElementFacts Structure { get; }

    /// <summary>The elements of one kind.</summary>
    public Selection OfKind(ElementKind kind) => new(this, [.. elements.Where(element => element.Kind == kind)]);

    /// <summary>The tensor or initializer of that name, or null.</summary>
    /// <remarks>Of one model; a graph of several has none by name.</remarks>
    public GraphElement? Value(string name) => values.GetValueOrDefault(name);

    /// <summary>What a query in the query language selects.</summary>
    /// <exception cref="InputException">It cannot be read (with the column), or <c>single</c> met none or several.</exception>
    public Selection Select(string query) => Query.Parse(query).Run(this);

    /// <summary>Elements that edges of these kinds lead to.</summary>
    internal IEnumerable<GraphElement> Next(GraphElement element, Edge kinds, bool forth)
    {
        foreach (var (kind, table) in element.Graph.edges)
        {
            if ((kinds & kind) != 0)
            {
                foreach (var next in forth ? table.From(element) : table.To(element))
                    yield return next;
            }
        }
        if ((kinds & Edge.SameAs) != 0)
        {
            foreach (var next in same.Value.From(element))
                yield return next;
        }
    }

    int Place => firstPlace + elements.Count;

    static string NameOf(OnnxModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return model.Name;
    }

    GraphElement Add(GraphElement element)
    {
        elements.Add(element);
        return element;
    }

    void AddNodes()
    {
        foreach (var input in View.Inputs)
            values[input.Name] = Add(new GraphElement(this, ElementKind.Tensor, input.Name, Place));
        foreach (var node in View.Nodes)
        {
            if (StoredIn(node) is null)
            {
                foreach (var name in Captures.ReadBy(node).Where(name => !values.ContainsKey(name)))
                    AddInitializer(name);
            }
            AddNode(node);
        }
        foreach (var tensor in Model.Proto.Graph.Initializer.Where(tensor => !values.ContainsKey(tensor.Name)))
            AddInitializer(tensor.Name);
    }

    void AddInitializer(string name)
    {
        if (View.Initializer(name) is { } tensor)
            Own(values[name] = Add(new GraphElement(this, ElementKind.Initializer, name, Place) { Stored = tensor }));
    }

    void AddNode(NodeProto node)
    {
        var op = Own(Add(new GraphElement(this, ElementKind.Op, node.DisplayName(), Place) { Node = node }));
        foreach (var attribute in node.Attribute)
            edges[Edge.Owns].Add(op, Add(new GraphElement(this, ElementKind.Attribute, attribute.Name, Place) { Attribute = attribute }));
        foreach (var name in Captures.ReadBy(node))
        {
            if (values.TryGetValue(name, out var read))
            {
                var (kind, from, to) = read.Kind == ElementKind.Tensor ? (Edge.Feeds, read, op) : (Edge.Uses, op, read);
                edges[kind].Add(from, to);
            }
        }
        foreach (var name in node.Output.Where(name => name.Length > 0))
        {
            var made = StoredIn(node) is { } tensor
                ? Own(Add(new GraphElement(this, ElementKind.Initializer, name, Place) { Stored = tensor }))
                : Add(new GraphElement(this, ElementKind.Tensor, name, Place));
            values[name] = made;
            edges[Edge.Produces].Add(op, made);
        }
    }

    GraphElement Own(GraphElement element)
    {
        edges[Edge.Owns].Add(Root, element);
        return element;
    }

    void AddLabels(IReadOnlyList<string> labels)
    {
        if (labels.Count == 0)
            return;
        var task = Own(Add(new GraphElement(this, ElementKind.Task, "classify", Place)));
        var scores = Structure.Scores is { } name ? Value(name) : null;
        foreach (var label in labels)
        {
            var one = Add(new GraphElement(this, ElementKind.Label, label, Place));
            edges[Edge.Owns].Add(task, one);
            edges[Edge.Predicts].Add(Root, one);
            if (scores is not null)
                edges[Edge.Predicts].Add(scores, one);
        }
    }

    /// <summary>The tensor of a Constant node.</summary>
    static TensorProto? StoredIn(NodeProto node) =>
        node.OpType == "Constant" && node.Domain is "" or "ai.onnx" ? node.FindAttribute("value")?.T : null;
}
