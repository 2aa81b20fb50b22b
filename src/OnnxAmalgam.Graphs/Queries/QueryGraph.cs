using Onnx;
using OnnxAmalgam.Graphs.Metadata;

namespace OnnxAmalgam.Graphs.Queries;

/// <summary>A model as a typed graph of elements and edges, to be asked: in C# (<see cref="Tensors"/>, <see cref="Selection"/>) or in the
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

    /// <summary>Looks at a model.</summary>
    /// <exception cref="InvalidModelException">The nodes form a cycle.</exception>
    public QueryGraph(OnnxModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        Model = model;
        View = new GraphView(model.Proto.Graph);
        Structure = new ElementFacts(this);
        same = new(() => Sameness.Of(this));
        Root = Add(new GraphElement(this, ElementKind.Model, model.Name, 0));
        AddNodes();
        AddLabels();
    }

    /// <summary>The model looked at.</summary>
    public OnnxModel Model { get; }

    /// <summary>Every element, in the order of the graph.</summary>
    public Selection All => new(this, elements);

    /// <summary>The model's own element.</summary>
    public GraphElement Root { get; }

    /// <summary>Nodes of the main graph.</summary>
    public Selection Ops => OfKind(ElementKind.Op);

    /// <summary>Values that are fed or computed.</summary>
    public Selection Tensors => OfKind(ElementKind.Tensor);

    /// <summary>Stored tensors.</summary>
    public Selection Initializers => OfKind(ElementKind.Initializer);

    /// <summary>Classes, where file or metadata name them.</summary>
    public Selection Labels => OfKind(ElementKind.Label);

    internal GraphView View { get; }

    internal ElementFacts Structure { get; }

    /// <summary>The elements of one kind.</summary>
    public Selection OfKind(ElementKind kind) => new(this, [.. elements.Where(element => element.Kind == kind)]);

    /// <summary>The tensor or initializer of that name, or null.</summary>
    public GraphElement? Value(string name) => values.GetValueOrDefault(name);

    /// <summary>What a query in the query language selects.</summary>
    /// <exception cref="InputException">It cannot be read (with the column), or <c>single</c> met none or several.</exception>
    public Selection Select(string query) => Query.Parse(query).Run(this);

    /// <summary>Elements that edges of these kinds lead to.</summary>
    internal IEnumerable<GraphElement> Next(GraphElement element, Edge kinds, bool forth)
    {
        foreach (var (kind, table) in edges)
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

    GraphElement Add(GraphElement element)
    {
        elements.Add(element);
        return element;
    }

    void AddNodes()
    {
        foreach (var input in View.Inputs)
            values[input.Name] = Add(new GraphElement(this, ElementKind.Tensor, input.Name, elements.Count));
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
            Own(values[name] = Add(new GraphElement(this, ElementKind.Initializer, name, elements.Count) { Stored = tensor }));
    }

    void AddNode(NodeProto node)
    {
        var op = Own(Add(new GraphElement(this, ElementKind.Op, node.DisplayName(), elements.Count) { Node = node }));
        foreach (var attribute in node.Attribute)
            edges[Edge.Owns].Add(op, Add(new GraphElement(this, ElementKind.Attribute, attribute.Name, elements.Count) { Attribute = attribute }));
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
                ? Own(Add(new GraphElement(this, ElementKind.Initializer, name, elements.Count) { Stored = tensor }))
                : Add(new GraphElement(this, ElementKind.Tensor, name, elements.Count));
            values[name] = made;
            edges[Edge.Produces].Add(op, made);
        }
    }

    GraphElement Own(GraphElement element)
    {
        edges[Edge.Owns].Add(Root, element);
        return element;
    }

    void AddLabels()
    {
        if (ModelMetadata.Labels(Model) is not { Count: > 0 } labels)
            return;
        var task = Own(Add(new GraphElement(this, ElementKind.Task, "classify", elements.Count)));
        var scores = Structure.Scores is { } name ? Value(name) : null;
        foreach (var label in labels)
        {
            var one = Add(new GraphElement(this, ElementKind.Label, label, elements.Count));
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
